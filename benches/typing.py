#!/usr/bin/env python3
"""How long an editor waits while somebody types in a directory of many files: benches/typing.py [PROGRAM] [FILES].

Each key is a change and a completion; the times are from the change to the completion, and to the diagnostics behind it.
Needs only Python. Prints the median, the 99th percentile and the worst of 300 keys, and on Linux the processor time of a
key, which other programs on the machine do not change.
"""
import json, os, pathlib, subprocess, sys, tempfile, time

program = sys.argv[1] if len(sys.argv) > 1 else "target/release/mfaplan"
files = int(sys.argv[2]) if len(sys.argv) > 2 else 200
KEYS = "users = [\"user7@contoso.com\"]\n  where = startswith(user.department, local.team7) && user.kind == \"person\""

place = tempfile.TemporaryDirectory()
root = pathlib.Path(place.name)
users = [{"id": f"00000000-0000-4000-8000-{n:012}", "userPrincipalName": f"user{n}@contoso.com", "perUserMfaState": "disabled",
          "userType": "Member", "accountEnabled": True, "department": f"team{n % 20}"} for n in range(files * 5)]
tenant = {"id": "00000000-0000-0000-0000-000000000007", "displayName": "Contoso"}
(root / "tenant.json").write_text(json.dumps({"formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z", "tenant": tenant,
                                              "groups": [], "users": users}))
(root / "a.mfa.hcl").write_text(f'tenant "Contoso" {{\n  id = "{tenant["id"]}"\n  snapshot = "tenant.json"\n}}\n')
for n in range(files - 2):
    names = ", ".join(f'"user{n * 5 + at}@contoso.com"' for at in range(5))
    (root / f"team{n}.mfa.hcl").write_text(
        f'locals {{\n  team{n} = "team{n % 20}"\n}}\n\nmfa "team{n}" {{\n  state  = "enforced"\n  users  = [{names}]\n'
        f'  where  = user.department == local.team{n}\n  reason = "Team {n}"\n}}\n')
head = 'mfa "typed" {\n  state = "enabled"\n  priority = 10\n  '

server = subprocess.Popen([program, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)


def send(method, params, id=None):
    body = {"jsonrpc": "2.0", "method": method, "params": params} | ({"id": id} if id else {})
    text = json.dumps(body).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(text), text))
    server.stdin.flush()


def receive():
    length = 0
    while (line := server.stdout.readline().strip()):
        length = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else length
    return json.loads(server.stdout.read(length))


def until(holds):
    while not holds(message := receive()):
        pass
    return message


uri = (root / "typed.mfa.hcl").as_uri()
send("initialize", {"capabilities": {"general": {"positionEncodings": ["utf-8"]}}}, 1)
until(lambda one: one.get("id") == 1)
send("initialized", {})
send("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "mfaplan", "version": 1, "text": head + "\n}\n"}})
published = lambda one: one.get("method") == "textDocument/publishDiagnostics" and one["params"]["uri"] == uri
until(published)



def processor():
    """Seconds that the server has worked."""
    try:
        fields = pathlib.Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


worked = processor()
completed, diagnosed = [], []
line, column, id = 3, 2, 1
for key in (KEYS * 4)[:300]:
    id += 1
    at = {"line": line, "character": column}
    started = time.perf_counter()
    send("textDocument/didChange", {"textDocument": {"uri": uri, "version": id},
                                    "contentChanges": [{"range": {"start": at, "end": at}, "text": key}]})
    line, column = (line + 1, 0) if key == "\n" else (line, column + 1)
    send("textDocument/completion", {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}, id)
    seen = set()
    while len(seen) < 2:
        message = receive()
        if message.get("id") == id:
            seen.add("completion")
            completed.append(time.perf_counter() - started)
        elif published(message) and "diagnostics" not in seen:
            seen.add("diagnostics")
            diagnosed.append(time.perf_counter() - started)
worked = 1000 * (processor() - worked) / len(completed)
server.kill()

for name, times in [("completion", completed), ("diagnostics", diagnosed)]:
    times = sorted(1000 * one for one in times)
    print(f"{name:12} median {times[len(times) // 2]:6.1f} ms, 99 % {times[len(times) * 99 // 100]:6.1f} ms, worst {times[-1]:6.1f} ms")
print(f"processor    {worked:.1f} ms a key")
