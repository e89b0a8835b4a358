#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of docs/compatibility.md from each service's model and rows of operations; --check only compares."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/compatibility.md"
SERVICES = {"logs": "src/logs/api", "metrics": "src/metrics/api", "sts": "src/sts/api", "ec2": "src/ec2/api",
            "oam": "src/oam/api", "tagging": "src/tagging/api"}


def table(folder):
    model = json.loads((ROOT / folder / "model.json").read_text())
    rows = (ROOT / folder / "operations.cc").read_text()
    built = set(re.findall(r'\{"(\w+)",\s*Access::', rows))
    names = sorted(model["operations"])
    unknown = built - set(names)
    if unknown:
        sys.exit(f"{folder}/operations.cc names operations that the model does not know: {sorted(unknown)}")
    if built == set(names):  # The model is limited to what is built.
        return "Built: " + ", ".join(names) + "."
    lines = [f"{len(built)} of {len(names)} operations are built.", "", "| Operation | Built |", "|---|---|"]
    lines += [f"| {name} | {'yes' if name in built else 'no'} |" for name in names]
    return "\n".join(lines)


def main():
    old = DOCUMENT.read_text()
    new = old
    for service, folder in SERVICES.items():
        begin, end = f"<!-- {service}: begin -->\n", f"\n<!-- {service}: end -->"
        if begin not in new or end not in new:
            sys.exit(f"docs/compatibility.md has no marks for {service}")
        head, rest = new.split(begin, 1)
        new = head + begin + table(folder) + end + rest.split(end, 1)[1]
    if new == old:
        return
    if "--check" in sys.argv:
        sys.exit("docs/compatibility.md: not current (python3 tools/gen_docs_compatibility.py)")
    DOCUMENT.write_text(new)


if __name__ == "__main__":
    main()
