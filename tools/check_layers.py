#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include under src/ to the table of arrows in src/CMakeLists.txt, and that table to the layers.

A single include root would let any file include any other; linking does not stop it. Prints each wrong line.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# Layer of each module: an arrow may only point down, or sideways where SIDEWAYS says so (docs/architecture.md).
LAYERS = {
    "base": 0,
    "os": 1, "json": 1, "crypto": 1, "columnar": 1, "shapes": 1,
    "store": 2, "protect": 2, "http": 2,
    "insights/syntax": 3, "insights/functions": 3, "insights/symbolic": 3, "insights/plan": 3, "insights/exec": 3, "logs/patterns": 3, "clickhouse": 3, "aws": 3,
    "logs": 4, "metrics": 4, "traces": 4, "alarms": 4, "dem/synthetics": 4, "dem/rum": 4, "dem/evidently": 4, "edge": 4,
    "admin/api": 5, "sts/api": 5, "ec2/api": 5, "oam/api": 5, "tagging/api": 5, "logs/api": 5, "metrics/api": 5, "traces/api": 5, "alarms/api": 5, "otlp": 5, "prom": 5,
    "server": 6, "cli/terminal": 6, "cli": 6, "agent": 6,
}
SIDEWAYS = {
    ("shapes", "columnar"), ("shapes", "json"),
    ("insights/symbolic", "insights/functions"), ("insights/exec", "insights/symbolic"),
    ("insights/plan", "insights/syntax"), ("insights/plan", "insights/functions"),
    ("insights/exec", "insights/syntax"), ("insights/exec", "insights/functions"), ("insights/exec", "insights/plan"),
    ("alarms", "logs"), ("alarms", "metrics"), ("alarms", "traces"),
    ("cli", "server"), ("cli", "cli/terminal"),
}
# Arrows that the layers alone would allow and style forbids.
FORBIDDEN = {("aws", "store")} | {(m, "http") for m in LAYERS if m.startswith("insights/")} | \
            {(m, "aws") for m, layer in LAYERS.items() if layer == 4} | \
            {(m, "http") for m in ("logs", "metrics", "traces", "alarms")}


def read_modules():
    modules = {}
    text = (SRC / "CMakeLists.txt").read_text()
    for match in re.finditer(r"^sky_module\(([^)]*)\)", text, re.M):
        words = match.group(1).split()
        name, deps, key = words[0], [], None
        for word in words[1:]:
            if word in ("DEPS", "LIBS", "GENERATED"):
                key = word
            elif key == "DEPS":
                deps.append(word)
        modules[name] = set(deps)
    return modules


def module_of(path, modules):
    """The deepest module whose folder holds the file or include path."""
    best = ""
    for name in modules:
        if (path == name or path.startswith(name + "/")) and len(name) > len(best):
            best = name
    return best


def main():
    modules = read_modules()
    faults = []
    for name, deps in modules.items():
        if name not in LAYERS:
            faults.append(f"src/CMakeLists.txt: module {name} has no layer in tools/check_layers.py")
            continue
        for dep in sorted(deps):
            if dep not in modules:
                faults.append(f"src/CMakeLists.txt: {name} depends on {dep}, which is no module")
            elif (name, dep) in FORBIDDEN:
                faults.append(f"src/CMakeLists.txt: {name} must not depend on {dep}")
            elif LAYERS[dep] >= LAYERS[name] and (name, dep) not in SIDEWAYS:
                faults.append(f"src/CMakeLists.txt: {name} (layer {LAYERS[name]}) must not depend on {dep} (layer {LAYERS[dep]})")

    files = sorted(p for p in SRC.rglob("*") if p.suffix in (".cc", ".h", ".inc"))
    for path in files:
        relative = path.relative_to(SRC).as_posix()
        owner = module_of(relative, modules)
        if not owner:
            if relative != "cli/main.cc":
                faults.append(f"src/{relative}: in no module of src/CMakeLists.txt")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"src/{relative}:{number}"
            quoted = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if quoted:
                target = module_of(quoted.group(1), modules)
                if not target:
                    faults.append(f"{where}: \"{quoted.group(1)}\" names no module; write the path from src/")
                elif target != owner and target not in modules[owner]:
                    faults.append(f"{where}: {owner} may not include {target} (add it to DEPS if the layers allow it)")
            bracket = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if bracket and path.suffix == ".h" and re.match(
                    r"(boost|simdjson|re2|fmt|openssl|zstd|sqlite3|CLI|zlib|absl)", bracket.group(1)):
                faults.append(f"{where}: <{bracket.group(1)}> belongs in a .cc file")
    for fault in faults:
        print(fault)
    print(f"layers: {len(modules)} modules, {len(files)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
