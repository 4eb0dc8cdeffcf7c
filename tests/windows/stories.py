"""Stories of the Windows program under Wine: `stories.py DESK FAKE_GRAPH [WORD…]`, DESK holding mfaplan.exe.

Each story gets an empty directory; all of them share one fresh prefix, so nothing but the program is installed. Called by
check.sh, which builds both programs.
"""

import json, os, pty, re, select, shutil, subprocess, sys, time
from pathlib import Path

DESK, FAKE_GRAPH, WORDS = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
EXAMPLES = Path(__file__).parents[2] / "examples"
TENANT = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": str(DESK),
    "WINEPREFIX": str(DESK / "prefix"),
    "WINEDEBUG": "-all",
    "TERM": "xterm-256color",
}
PATIENCE = 120  # seconds until a story that hangs is ended


class Story:
    """A directory, the program in it, and what it said."""

    def __init__(self, directory):
        self.directory = directory
        self.environment = dict(ENVIRONMENT)

    def run(self, *arguments, code=0):
        """Runs the program without a terminal and returns both of its streams."""
        done = subprocess.run(
            ["wine", str(DESK / "mfaplan.exe"), *arguments],
            cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
        )
        said = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == code, f"{arguments} ended with {done.returncode}, not {code}:\n{said}"
        return said

    def at_terminal(self, *arguments, answers, code=0):
        """Runs the program at a terminal; each answer is (what is awaited, what is then typed)."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.directory)
            os.execvpe("wine", ["wine", str(DESK / "mfaplan.exe"), *arguments], self.environment)
        said, answers, end = b"", list(answers), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.5)[0]:
                try:
                    more = os.read(terminal, 4096)
                except OSError:  # the other side is closed
                    break
                if not more:
                    break
                said += more
            if answers and answers[0][0].encode() in said:
                time.sleep(0.5)  # typed by a person, after the question was read
                os.write(terminal, answers.pop(0)[1].encode())
        else:
            os.kill(child, 9)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode(errors="replace"))
        assert ended == code, f"{arguments} ended with {ended}, not {code}:\n{text}"
        return text

    def states(self, file="tenant.json"):
        return {user["userPrincipalName"]: user["perUserMfaState"] for user in json.loads((self.directory / file).read_text())["users"]}

    def last_run(self):
        return max(path.stem for path in (self.directory / ".mfaplan" / "runs").iterdir())


def a_plan_is_the_same_as_elsewhere(story):
    shutil.copytree(EXAMPLES / "contoso", story.directory, dirs_exist_ok=True)
    said = story.run("plan", "--as-of", "2026-11-23")
    assert "withheld" in said and "scan-warehouse@contoso.com" in said, said


def a_typed_yes_applies_and_a_rollback_takes_it_back(story):
    shutil.copytree(EXAMPLES / "minimal", story.directory, dirs_exist_ok=True)
    before = story.states()
    said = story.at_terminal("apply", answers=[("Enter a value:", "yes\r")])
    assert "complete" in said, said
    assert story.states()["jdoe@contoso.com"] == "enforced"
    said = story.run("rollback", story.last_run(), "--auto-approve")
    assert "complete" in said, said
    assert story.states() == before
    assert "rollback" in story.run("history")


def a_no_changes_nothing(story):
    shutil.copytree(EXAMPLES / "minimal", story.directory, dirs_exist_ok=True)
    before = story.states()
    story.at_terminal("apply", answers=[("Enter a value:", "no\r")], code=1)
    assert story.states() == before


def windows_paths_and_line_ends_are_understood(story):
    shutil.copytree(EXAMPLES / "minimal", story.directory / "in here")
    main = story.directory / "in here" / "main.mfa.hcl"
    main.write_bytes(main.read_bytes().replace(b"\n", b"\r\n"))
    drive = "Z:" + str(story.directory / "in here").replace("/", "\\")
    story.run("--chdir", drive, "plan", "--out", "saved.mfaplan")
    assert "jdoe@contoso.com" in story.run("show", drive + "\\saved.mfaplan")
    story.run("--chdir", "in here", "fmt", "--check")


def a_second_apply_is_kept_out(story):
    shutil.copytree(EXAMPLES / "minimal", story.directory, dirs_exist_ok=True)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(story.directory)
        os.execvpe("wine", ["wine", str(DESK / "mfaplan.exe"), "apply"], story.environment)
    said, end = b"", time.monotonic() + PATIENCE
    while b"Enter a value:" not in said and time.monotonic() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            said += os.read(terminal, 4096)
    refused = story.run("apply", "--auto-approve", code=1)
    assert "another" in refused or "lock" in refused, refused
    os.write(terminal, b"no\r")
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        pass
    os.waitpid(child, 0)


def an_interrupted_live_run_is_finished_by_resume(story):
    shutil.copy(EXAMPLES / "contoso" / "tenant.json", story.directory / "seed.json")
    (story.directory / "main.mfa.hcl").write_text(
        f'tenant "contoso" {{\n  id = "{TENANT}"\n}}\n\n'
        'mfa "members" {\n  state = "enforced"\n  where = user.account_enabled && user.user_type == "Member"\n}\n\n'
        "guardrails {\n  canary             = 1\n  max_changes        = 1000\n  max_change_percent = 100\n}\n"
    )
    graph = subprocess.Popen(
        [FAKE_GRAPH, "--tenant", str(story.directory / "seed.json"), "--port", "0", "--latency-ms", "200"],
        stdout=subprocess.PIPE, text=True,
    )
    try:
        origin = graph.stdout.readline().split()[-1]
        story.environment |= {
            "MFAPLAN_GRAPH_ENDPOINT": origin, "MFAPLAN_LOGIN_ENDPOINT": origin, "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": "11111111-2222-3333-4444-555555555555", "AZURE_CLIENT_SECRET": "any",
        }
        story.run("plan")
        said = story.at_terminal(
            "apply", "--parallelism", "2", answers=[("Enter a value:", "yes\r"), ("users 2/", "\x03")], code=130
        )
        assert "stopped" in said and "--resume" in said, said
        said = story.run("apply", "--resume", story.last_run(), "--auto-approve")
        assert "complete" in said, said
        said = story.run("verify", story.last_run())
        assert "FAILED" not in said, said
    finally:
        graph.terminate()
        graph.wait()


def a_login_is_kept_by_the_credential_manager_until_logout(story):
    shutil.copy(EXAMPLES / "contoso" / "tenant.json", story.directory / "seed.json")
    (story.directory / "main.mfa.hcl").write_text(
        f'tenant "contoso" {{\n  id = "{TENANT}"\n}}\n\nmfa "everybody" {{\n  state = "enabled"\n  where = true\n}}\n'
    )
    operator = "99999999-2222-3333-4444-555555555555"
    graph = subprocess.Popen(
        [FAKE_GRAPH, "--tenant", str(story.directory / "seed.json"), "--port", "0", "--operator", operator],
        stdout=subprocess.PIPE, text=True,
    )
    try:
        origin = graph.stdout.readline().split()[-1]
        story.environment |= {
            "MFAPLAN_GRAPH_ENDPOINT": origin, "MFAPLAN_LOGIN_ENDPOINT": origin,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9",
        }
        assert "nothing is kept" in story.run("plan", code=1)
        said = story.at_terminal("login", answers=[])
        assert "ABCD-EFGH" in said and "Kept for the next commands" in said, said
        assert "Plan: " in story.run("plan")
        assert "is forgotten" in story.run("logout")
        assert "nothing is kept" in story.run("plan", code=1)
    finally:
        graph.terminate()
        graph.wait()


STORIES = [
    a_login_is_kept_by_the_credential_manager_until_logout,
    a_plan_is_the_same_as_elsewhere, a_typed_yes_applies_and_a_rollback_takes_it_back, a_no_changes_nothing,
    windows_paths_and_line_ends_are_understood, a_second_apply_is_kept_out, an_interrupted_live_run_is_finished_by_resume,
]
failed = 0
subprocess.run(["wine", str(DESK / "mfaplan.exe"), "--version"], env=ENVIRONMENT, check=True, capture_output=True, timeout=600)
chosen = [story for story in STORIES if not WORDS or any(word in story.__name__ for word in WORDS)]
for number, story in enumerate(chosen):
    directory = DESK / f"story-{number}"
    directory.mkdir()
    name = story.__name__.replace("_", " ")
    try:
        story(Story(directory))
        print(f"ok      {name}")
    except Exception as error:
        failed += 1
        print(f"FAILED  {name}\n{error}")
subprocess.run(["wineserver", "-k"], env=ENVIRONMENT, check=False)
print(f"{len(chosen) - failed} passed, {failed} failed")
sys.exit(1 if failed or not chosen else 0)
