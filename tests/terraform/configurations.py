#!/usr/bin/env python3
"""Asks terraform what its console cannot be asked line by line, each case as a configuration of its own.

multiline.txt: expressions with heredocs, comments, line breaks, as local values. Writes multiline.expected.txt: the
expression, `-----`, and what the console prints; "error" where there is an error.

types.txt: types of variables and defaults. Writes types.expected.txt in the form of expected.txt.

Run by compare.sh. Needs terraform on the PATH; nothing is sent anywhere."""
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent
ENV = dict(os.environ, TF_CLI_CONFIG_FILE="/dev/null", CHECKPOINT_DISABLE="1")


def value(configuration, question, directory):
    pathlib.Path(directory, "main.tf").write_text(configuration)
    command = ["terraform", "console", "-no-color"]
    done = subprocess.run(command, input=question, text=True, capture_output=True, cwd=directory, env=ENV)
    return done.stdout if done.returncode == 0 else "error\n"


with tempfile.TemporaryDirectory() as directory:
    cases = (ROOT / "multiline.txt").read_text().split("=====\n")
    recorded = []
    for case in cases:
        answer = value(f"locals {{\n  x = {case}}}\n", "local.x\n", directory)
        recorded.append(f"=====\n{case}-----\n{answer}")
    (ROOT / "multiline.expected.txt").write_text("".join(recorded))

    lines = [line for line in (ROOT / "types.txt").read_text().splitlines() if not line.startswith("#")]
    recorded = []
    for line in lines:
        kind, default = line.split(" | ")
        variable = f'variable "v" {{\n  type    = {kind}\n  default = {default}\n}}\n'
        recorded.append(f"> {line}\n{value(variable, 'var.v' + chr(10), directory)}")
    (ROOT / "types.expected.txt").write_text("".join(recorded))
