#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tools/requirements.txt: every package of tools/requirements.in and what it needs, by exact version and hash.

Run it in a Python 3.11 virtual environment after changing requirements.in.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--only-binary", ":all:",
                           "--report", "-", "-r", str(HERE / "requirements.in")], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    rows = []
    for item in json.loads(done.stdout)["install"]:
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        rows.append(f"{item['metadata']['name'].lower()}=={item['metadata']['version']} --hash=sha256:{digest}\n")
    head = ("# SPDX-License-Identifier: Apache-2.0\n"
            "# Written by tools/lock_requirements.py from tools/requirements.in (CPython 3.11, Linux x86-64).\n")
    (HERE / "requirements.txt").write_text(head + "".join(sorted(rows)))


if __name__ == "__main__":
    main()
