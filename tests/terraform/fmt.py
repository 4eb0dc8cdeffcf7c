#!/usr/bin/env python3
"""Compares the formatter with `terraform fmt` on fixtures/fmt.

  fmt.py record         writes fixtures/fmt/corpus.txt from fixtures/fmt/snippets.txt: each snippet and what
                        terraform makes of it (the unit tests run on that, without terraform)
  fmt.py compare BIN    runs `BIN fmt -` and `terraform fmt -` side by side and prints the rate

Needs terraform on the PATH. Nothing is sent anywhere."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "fmt"
ENV = dict(os.environ, TF_CLI_CONFIG_FILE="/dev/null", CHECKPOINT_DISABLE="1")


def run(command, text):
    done = subprocess.run(command, input=text.encode(), capture_output=True, env=ENV)
    return done.stdout.decode() if done.returncode == 0 else None


def snippets():
    text = (ROOT / "snippets.txt").read_bytes().decode()
    return [case for case in text.split("=====\n") if case]


def main():
    if sys.argv[1:] == ["record"]:
        out, refused = [], 0
        for case in snippets():
            golden = run(["terraform", "fmt", "-"], case)
            if golden is None:
                refused += 1
                print("terraform refuses:\n" + case, file=sys.stderr)
                continue
            out.append(f"=====\n{case}-----\n{golden}")
        (ROOT / "corpus.txt").write_bytes("".join(out).encode())
        print(f"{len(out)} recorded, {refused} refused")
        return 1 if refused else 0
    if len(sys.argv) == 3 and sys.argv[1] == "compare":
        cases, same = snippets(), 0
        for case in cases:
            theirs = run(["terraform", "fmt", "-"], case)
            ours = run([sys.argv[2], "fmt", "-"], case)
            same += theirs == ours
            if theirs != ours:
                print(f"differs:\n{case}terraform:\n{theirs}\nours:\n{ours}")
        print(f"{same} of {len(cases)} equal")
        return 0 if same == len(cases) else 1
    print(__doc__, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
