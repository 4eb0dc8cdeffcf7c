#!/usr/bin/env python3
"""Asks terraform for the value of every expression of multiline.txt, which the console cannot be asked line by line:
heredocs, comments, line breaks. Each becomes a local value of a configuration of its own. Writes
multiline.expected.txt: the expression, `-----`, and what the console prints; "error" where there is an error.
Run by compare.sh. Needs terraform on the PATH; nothing is sent anywhere."""
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent
ENV = dict(os.environ, TF_CLI_CONFIG_FILE="/dev/null", CHECKPOINT_DISABLE="1")


def value(expression, directory):
    pathlib.Path(directory, "main.tf").write_text(f"locals {{\n  x = {expression}}}\n")
    command = ["terraform", "console", "-no-color"]
    done = subprocess.run(command, input="local.x\n", text=True, capture_output=True, cwd=directory, env=ENV)
    return done.stdout if done.returncode == 0 else "error\n"


with tempfile.TemporaryDirectory() as directory:
    cases = (ROOT / "multiline.txt").read_text().split("=====\n")
    recorded = [f"=====\n{case}-----\n{value(case, directory)}" for case in cases]
(ROOT / "multiline.expected.txt").write_text("".join(recorded))
