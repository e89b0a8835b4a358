#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tools/requirements.txt, requirements-middleware.txt and requirements-bench.txt: every package of their .in files and what
it needs, by exact version and hash. The others hold what the first does not, so that each fits into the same environment.

Run it in a Python 3.11 virtual environment after changing an .in file.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def resolved(*names):
    """Rows of the packages that the given files ask for together."""
    files = [word for name in names for word in ("-r", str(HERE / name))]
    done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--only-binary", ":all:",
                           "--report", "-", *files], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    rows = set()
    for item in json.loads(done.stdout)["install"]:
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        rows.add(f"{item['metadata']['name'].lower()}=={item['metadata']['version']} --hash=sha256:{digest}\n")
    return rows


def write(name, source, rows):
    head = ("# SPDX-License-Identifier: Apache-2.0\n"
            f"# Written by tools/lock_requirements.py from tools/{source} (CPython 3.11, Linux x86-64).\n")
    (HERE / name).write_text(head + "".join(sorted(rows)))


def main():
    base = resolved("requirements.in")
    write("requirements.txt", "requirements.in", base)
    for more in ("requirements-middleware", "requirements-bench"):
        both = resolved("requirements.in", f"{more}.in")
        if base - both:
            sys.exit(f"together the files give other versions: {sorted(base - both)}")
        write(f"{more}.txt", f"{more}.in", both - base)


if __name__ == "__main__":
    main()
