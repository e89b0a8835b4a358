#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the flags of every command, as the built program knows them, into docs/command-line.md; --check only compares."""
import os
import pathlib
import subprocess
import sys

import server_process

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / "docs/command-line.md"
BEGIN, END = "<!-- flags: begin -->\n", "<!-- flags: end -->\n"


def current(program):
    """The document as it should be."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SKYWATCH_", "AWS_", "XDG_"))}
    flags = subprocess.run([str(program), "man", "--format", "markdown"], check=True, capture_output=True, text=True,
                           env=environment, timeout=60).stdout
    text = DOCUMENT.read_text()
    head, rest = text.split(BEGIN)
    return head + BEGIN + flags + END + rest.split(END)[1]


if __name__ == "__main__":
    text = current(server_process.binary())
    if "--check" in sys.argv[1:]:
        if text != DOCUMENT.read_text():
            sys.exit("docs/command-line.md: not current (python3 tools/write_command_reference.py)")
    else:
        DOCUMENT.write_text(text)
