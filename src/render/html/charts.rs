//! Inline SVG: the flow of states, bars, waves. Colours are classes of the style sheet; every chart has its numbers in
//! words as well.

use std::{collections::BTreeMap, fmt::Write};

use super::super::{escape::html, matrix::Matrix, words};
use crate::{diff::Decision, plan::Plan, severity::Severity, tenant::MfaState};

const HEIGHT: f64 = 240.0;
const GAP: f64 = 22.0;
// Left and right edge of the flow, and the width of a node.
const LEFT: f64 = 130.0;
const RIGHT: f64 = 590.0;
const NODE: f64 = 14.0;

/// One band of the flow.
struct Band {
    from: usize,
    to: usize,
    count: u64,
}

/// States before (left) → after (right); the width of a band is the number of users.
pub(super) fn sankey(plan: &Plan) -> String {
    let matrix = Matrix::of(plan);
    let mut bands = Vec::new();
    for (from, row) in matrix.cells.iter().enumerate() {
        for (to, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            bands.push(Band { from, to, count });
        }
    }
    if matrix.unknown > 0 {
        bands.push(Band { from: 3, to: 3, count: matrix.unknown });
    }
    let total = bands.iter().map(|band| band.count).sum::<u64>().max(1);
    // A band of one user among 100,000 is still to be seen, so thin ones are drawn at least 2 px wide.
    let room = HEIGHT - 3.0 * GAP;
    let scale = |count: u64| (count as f64 / total as f64 * room).max(2.0);
    let label = words(&bands);
    let mut out = format!(
        "<svg class=\"sankey\" viewBox=\"0 0 720 {}\" role=\"img\" aria-label=\"{}\">",
        HEIGHT + 40.0,
        html(&label)
    );
    out.push_str("<text class=\"axis\" x=\"116\" y=\"14\" text-anchor=\"end\">before</text>");
    out.push_str("<text class=\"axis\" x=\"604\" y=\"14\">after</text>");
    let left = nodes(&bands, |band| band.from, &scale);
    let right = nodes(&bands, |band| band.to, &scale);
    let (mut used_left, mut used_right) = ([0.0; 4], [0.0; 4]);
    for band in &bands {
        let width = scale(band.count);
        let (y0, y1) = (left[band.from].0 + used_left[band.from], right[band.to].0 + used_right[band.to]);
        used_left[band.from] += width;
        used_right[band.to] += width;
        let (x0, x1, middle) = (LEFT + NODE, RIGHT - NODE, (LEFT + RIGHT) / 2.0);
        let kind = match band.from.cmp(&band.to) {
            std::cmp::Ordering::Less => "up",
            std::cmp::Ordering::Equal => "same",
            std::cmp::Ordering::Greater => "down",
        };
        let _ = write!(
            out,
            "<path class=\"band {kind}\" d=\"M{x0} {:.1}C{middle} {:.1} {middle} {:.1} {x1} {:.1}V{:.1}C{middle} {:.1} {middle} {:.1} {x0} {:.1}Z\"><title>{}</title></path>",
            y0,
            y0,
            y1,
            y1,
            y1 + width,
            y1 + width,
            y0 + width,
            y0 + width,
            html(&sentence(band)),
        );
    }
    for (nodes, x, text, anchor) in [(left, LEFT, LEFT - 14.0, "end"), (right, RIGHT - NODE, RIGHT + 14.0, "start")] {
        for (state, (y, height, count)) in nodes.into_iter().enumerate().filter(|(_, node)| node.2 > 0) {
            let _ = write!(
                out,
                "<rect class=\"node s{state}\" x=\"{x}\" y=\"{y:.1}\" width=\"{NODE}\" height=\"{height:.1}\"/>\
                 <text x=\"{text}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{} <tspan class=\"count\">{}</tspan></text>",
                y + height / 2.0 + 4.0,
                name(state),
                words::number(count),
            );
        }
    }
    out.push_str("</svg>");
    out
}

/// Top, height and count of each state's node on one side.
fn nodes(bands: &[Band], side: impl Fn(&Band) -> usize, scale: &impl Fn(u64) -> f64) -> [(f64, f64, u64); 4] {
    let mut nodes = [(0.0, 0.0, 0); 4];
    for band in bands {
        let node = &mut nodes[side(band)];
        node.1 += scale(band.count);
        node.2 += band.count;
    }
    let mut y = 28.0;
    for node in &mut nodes {
        node.0 = y;
        if node.2 > 0 {
            y += node.1 + GAP;
        }
    }
    nodes
}

fn name(state: usize) -> &'static str {
    MfaState::ALL.get(state).map_or("unknown", |state| state.as_str())
}

fn sentence(band: &Band) -> String {
    let users = words::count(band.count, "user");
    if band.from == band.to {
        format!("{users} stay {}", name(band.from))
    } else {
        format!("{users}: {} → {}", name(band.from), name(band.to))
    }
}

fn words(bands: &[Band]) -> String {
    bands.iter().map(sentence).collect::<Vec<_>>().join("; ")
}

/// A bar whose length is `n` of `most`.
fn bar(class: &str, n: u64, most: u64) -> String {
    let width = if n == 0 { 0.0 } else { (n as f64 / most.max(1) as f64 * 300.0).max(3.0) };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 300 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"300\" height=\"14\" rx=\"3\"/><rect class=\"{class}\" width=\"{width:.1}\" height=\"14\" rx=\"3\"/></svg>"
    )
}

/// Unaccepted findings by severity. Each row filters the table.
pub(super) fn severities(plan: &Plan) -> String {
    let counts = &plan.summary.findings;
    let most = Severity::WORST_FIRST.into_iter().map(|one| words::of(counts, one)).max().unwrap_or(0);
    let mut out =
        "<table class=\"bars\"><caption class=\"vh\">Unaccepted findings by severity</caption><tbody>".to_owned();
    for severity in Severity::WORST_FIRST {
        let n = words::of(counts, severity);
        let _ = write!(
            out,
            "<tr><th scope=\"row\"><span class=\"sev {severity}\">{severity}</span></th><td class=\"num\">{}</td><td>{}</td></tr>",
            words::number(n),
            bar(severity.as_str(), n, most)
        );
    }
    out.push_str("</tbody></table>");
    out
}

/// When changes happen: now, then wave by wave as their holds open, then those without a date. Empty without holds.
pub(super) fn waves(plan: &Plan) -> String {
    let mut waves: BTreeMap<(i64, &str), (String, u64)> = BTreeMap::new();
    for change in &plan.changes {
        let Decision::Hold(hold) = &change.decision else { continue };
        let key = (hold.until.map_or(i64::MAX, |until| until.as_second()), &*hold.reason);
        let when = || hold.until.map_or_else(|| "no date".to_owned(), words::date);
        waves.entry(key).or_insert_with(|| (when(), 0)).1 += 1;
    }
    if waves.is_empty() {
        return String::new();
    }
    let now = plan.summary.applied();
    let total = now + waves.values().map(|(_, n)| n).sum::<u64>();
    let rows = std::iter::once(("now".to_owned(), "with this plan", now));
    let rows = rows.chain(waves.iter().map(|((_, reason), (when, n))| (when.clone(), *reason, *n)));
    let mut out = "<table class=\"bars waves\"><caption class=\"vh\">Changes over time</caption><thead><tr><th scope=\"col\">from</th><th scope=\"col\">why</th><th scope=\"col\" class=\"num\">users</th><th scope=\"col\">done by then</th></tr></thead><tbody>".to_owned();
    let mut done = 0;
    for (when, why, n) in rows {
        let before = done;
        done += n;
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{when}</th><td>{}</td><td class=\"num\">{}</td><td>{}<span class=\"percent\">{}&#8239;%</span></td></tr>",
            html(why),
            words::number(n),
            step(before, done, total),
            done * 100 / total.max(1),
        );
    }
    out.push_str("</tbody></table>");
    out
}

/// What was done before, and on top of it what this wave adds.
fn step(before: u64, done: u64, total: u64) -> String {
    let x = |n: u64| n as f64 / total.max(1) as f64 * 300.0;
    let width = (x(done) - x(before)).max(2.0);
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 300 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"300\" height=\"14\" rx=\"3\"/><rect class=\"done\" width=\"{:.1}\" height=\"14\" rx=\"3\"/><rect class=\"added\" x=\"{:.1}\" width=\"{width:.1}\" height=\"14\"/></svg>",
        x(before),
        x(before).min(298.0),
    )
}
