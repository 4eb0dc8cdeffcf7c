
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  if (!$("grid")) return;
  const STATES = ["disabled", "enabled", "enforced", "unknown"];
  const DECISIONS = ["apply", "hold", "block"];
  const SEVERITIES = ["info", "low", "medium", "high", "critical"];
  const [UPN, NAME, ID, KIND, BEFORE, AFTER, EFFECTIVE, , DECISION, BLOCK, HOLD, IMPACT, WORST, FINDINGS] = [...Array(14).keys()];
  const HEIGHT = 34;
  const format = new Intl.NumberFormat("en");
  const rows = data.rows;
  const transition = (r) => STATES[r[BEFORE]] + " → " + STATES[r[AFTER]] + (r[AFTER] === r[EFFECTIVE] ? "" : " (" + STATES[r[EFFECTIVE]] + ")");
  const worstRule = (r) => r[FINDINGS].find((f) => f[3] < 0);
  const block = (r) => (r[BLOCK] < 0 ? "" : data.blocks[r[BLOCK]][0]);

  // What a search looks at, in lower case; made once.
  const haystacks = rows.map((r) => [r[UPN], r[NAME], r[ID], r[KIND], transition(r), DECISIONS[r[DECISION]], block(r),
    ...r[FINDINGS].map((f) => data.rules[f[0]][0] + " " + data.rules[f[0]][1] + " " + f[2])].join("\n").toLowerCase());

  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  };

  // Filters.
  const selects = {
    decision: (r) => [DECISIONS[r[DECISION]]],
    transition: (r) => [transition(r)],
    severity: (r) => [r[WORST] < 0 ? "none" : SEVERITIES[r[WORST]]],
    rule: (r) => r[FINDINGS].map((f) => data.rules[f[0]][0]),
    block: (r) => [block(r) || "rollback"],
  };
  const order = { severity: [...SEVERITIES].reverse().concat("none"), decision: ["block", "hold", "apply"] };
  for (const [name, values] of Object.entries(selects)) {
    const counts = new Map();
    for (const r of rows) for (const value of new Set(values(r))) counts.set(value, (counts.get(value) || 0) + 1);
    const known = order[name] ? order[name].filter((value) => counts.has(value)) : [...counts.keys()].sort();
    $("f-" + name).append(element("option", { value: "" }, "all"),
      ...known.map((value) => element("option", { value }, value + " (" + format.format(counts.get(value)) + ")")));
  }

  let shown = rows.map((_, index) => index);
  let selected = -1;
  let sort = { key: "risk", up: false };
  const columns = [
    ["User", "user", (r) => r[UPN].toLowerCase()],
    ["Transition", "transition", transition],
    ["Decision", "decision", (r) => -r[DECISION]],
    ["Worst risk", "risk", (r) => -r[WORST]],
    ["Block", "block", block],
  ];

  const apply = () => {
    const words = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Object.entries(selects).map(([name, values]) => [$("f-" + name).value, values]).filter(([value]) => value);
    shown = [];
    for (let i = 0; i < rows.length; i++) {
      if (words.every((word) => haystacks[i].includes(word)) && wanted.every(([value, values]) => values(rows[i]).includes(value))) shown.push(i);
    }
    const column = columns.find(([, key]) => key === sort.key);
    if (sort.key !== "risk" || sort.up) {
      const keys = new Map(shown.map((i) => [i, column[2](rows[i])]));
      const sign = sort.up && sort.key === "risk" ? -1 : sort.up ? 1 : sort.key === "risk" ? 1 : -1;
      shown.sort((a, b) => { const [x, y] = [keys.get(a), keys.get(b)]; return x < y ? -sign : x > y ? sign : a - b; });
    }
    $("count").textContent = shown.length === rows.length
      ? format.format(rows.length) + (rows.length === 1 ? " change" : " changes")
      : format.format(shown.length) + " of " + format.format(rows.length) + " changes";
    $("grid").setAttribute("aria-rowcount", String(shown.length + 1));
    $("grid").scrollTop = 0;
    $("body").style.height = shown.length * HEIGHT + "px";
    select(shown.length ? 0 : -1);
  };

  // Only the rows in view are in the document.
  const draw = (all) => {
    const grid = $("grid");
    const first = all ? 0 : Math.max(0, Math.floor(grid.scrollTop / HEIGHT) - 8);
    const last = Math.min(shown.length, all || first + Math.ceil(grid.clientHeight / HEIGHT) + 16);
    const drawn = [];
    for (let at = first; at < last; at++) drawn.push(row(at));
    $("body").replaceChildren(...drawn);
    if (selected >= 0) grid.setAttribute("aria-activedescendant", "r" + selected); else grid.removeAttribute("aria-activedescendant");
  };

  // What stands in backticks is code.
  const prose = (text) => text.split(/\x60([^\x60]+)\x60/).map((part, at) => at % 2 ? element("code", {}, part) : part);
  const badge = (severity) => element("span", { className: "sev " + SEVERITIES[severity] }, SEVERITIES[severity]);
  const row = (at) => {
    const r = rows[shown[at]];
    const worst = worstRule(r);
    const cells = [
      element("code", { title: r[UPN] + (r[NAME] ? " · " + r[NAME] : "") }, r[UPN]),
      element("span", { title: transition(r) }, transition(r)),
      element("span", { className: "d-" + DECISIONS[r[DECISION]] }, DECISIONS[r[DECISION]]),
      worst ? element("span", {}, badge(worst[1]), " " + data.rules[worst[0]][0]) : element("span", { className: "quiet" }, r[FINDINGS].length ? "accepted" : ""),
      element("span", { className: "quiet", title: block(r) }, block(r)),
    ];
    for (const cell of cells) cell.setAttribute("role", "gridcell");
    const made = element("div", { className: "row", id: "r" + at }, ...cells);
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", String(at + 2));
    made.setAttribute("aria-selected", String(at === selected));
    made.style.transform = "translateY(" + at * HEIGHT + "px)";
    made.addEventListener("click", () => select(at));
    return made;
  };

  const select = (at) => {
    selected = at;
    const grid = $("grid");
    if (at >= 0) {
      const [top, room] = [at * HEIGHT, grid.clientHeight - HEIGHT];
      if (top < grid.scrollTop) grid.scrollTop = top;
      else if (top + HEIGHT > grid.scrollTop + room) grid.scrollTop = top + HEIGHT - room;
    }
    draw();
    detail(at < 0 ? null : rows[shown[at]]);
  };

  const detail = (r) => {
    if (!r) return $("detail").replaceChildren(element("p", { className: "quiet" }, "Nobody fits these filters."));
    const list = element("dl", {});
    const entry = (term, text) => text && list.append(element("dt", {}, term), element("dd", {}, text));
    entry("Change", transition(r) + ", " + DECISIONS[r[DECISION]]);
    entry(r[DECISION] === 1 ? "Waits" : "Stays there", r[HOLD] < 0 ? "" : data.holds[r[HOLD]]);
    entry("Modern sign-in", data.impacts[r[IMPACT]][0]);
    entry("Legacy sign-in", data.impacts[r[IMPACT]][1]);
    entry("Declared by", r[BLOCK] < 0 ? "" : data.blocks[r[BLOCK]].join(", "));
    entry("Kind", r[KIND].replaceAll("_", " "));
    const findings = r[FINDINGS].map(([rule, severity, evidence, waiver, message]) => {
      const [id, name, usual, remediation] = data.rules[rule];
      return element("div", { className: "f" }, badge(severity), element("b", {}, " " + id + " " + name), element("p", {}, ...prose(message || usual)),
        evidence ? element("p", { className: "quiet" }, evidence) : null,
        waiver < 0 ? element("p", { className: "quiet" }, "Fix: ", ...prose(remediation)) : element("p", { className: "quiet" }, "Accepted " + data.accepted[waiver]));
    });
    $("detail").replaceChildren(element("h3", {}, r[UPN]), element("div", { className: "quiet" }, r[NAME]), element("code", { className: "quiet" }, r[ID]), list,
      ...(findings.length ? findings : [element("p", { className: "quiet" }, "No findings.")]));
  };

  const heads = () => {
    $("heads").replaceChildren(...columns.map(([title, key]) => {
      const button = element("button", { type: "button" }, title + (sort.key === key ? (sort.up ? " ▲" : " ▼") : ""));
      button.addEventListener("click", () => { sort = { key, up: sort.key === key ? !sort.up : key !== "risk" }; heads(); apply(); });
      const head = element("span", {}, button);
      head.setAttribute("role", "columnheader");
      head.setAttribute("aria-sort", sort.key === key ? (sort.up ? "ascending" : "descending") : "none");
      return head;
    }));
  };

  $("grid").addEventListener("scroll", () => draw(), { passive: true });
  $("grid").addEventListener("keydown", (event) => {
    if (event.target !== $("grid")) return;
    const page = Math.max(1, Math.floor($("grid").clientHeight / HEIGHT) - 2);
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (move === undefined || !shown.length) return;
    event.preventDefault();
    select(Math.min(shown.length - 1, Math.max(0, selected + move)));
  });
  let waiting;
  $("q").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, rows.length > 5000 ? 120 : 0); });
  for (const name of Object.keys(selects)) $("f-" + name).addEventListener("change", apply);
  $("filters").addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  $("filters").addEventListener("reset", () => setTimeout(apply));
  for (const place of document.querySelectorAll("[data-rule]")) {
    const button = element("button", { type: "button", className: "link" }, ...place.childNodes);
    button.addEventListener("click", () => { $("filters").reset(); $("f-rule").value = place.dataset.rule; apply(); $("users").scrollIntoView(); $("grid").focus({ preventScroll: true }); });
    place.replaceWith(button);
  }
  addEventListener("beforeprint", () => draw(1000));
  addEventListener("afterprint", () => draw());
  addEventListener("resize", () => draw());
  $("filters").hidden = $("panes").hidden = false;
  heads();
  apply();
})();
