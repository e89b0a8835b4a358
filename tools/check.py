#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./dev check: what can be judged without running the program. Prints a line a check; exit code 1 when one fails."""
import argparse
import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def sh(command, **options):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", **options)


def tracked(*patterns):
    # With untracked files too, so that a new file is checked before it is committed.
    return sh(["git", "ls-files", "-co", "--exclude-standard", *patterns]).stdout.split()


def check_format():
    files = tracked("src/*.cc", "src/*.h", "tests/*.cc", "bench/*.cc", "fuzz/*.cc")
    done = sh(["clang-format-19", "--dry-run", "--Werror", *files])
    bad = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.M)))
    return [f"{name}: not formatted (./dev fmt)" for name in bad]


def check_go_format():
    """None without gofmt, which comes with the Go that ./dev deps installs."""
    beside = sorted((ROOT / ".venv" / "lib").glob("python3*/site-packages/go/bin/gofmt"))
    gofmt = str(beside[0]) if beside else shutil.which("gofmt")
    if gofmt is None:
        return None
    done = sh([gofmt, "-l", *tracked("*.go")])
    return [f"{name}: not formatted (gofmt -w)" for name in done.stdout.split()] + done.stderr.splitlines()


def check_layers():
    done = sh([sys.executable, "tools/check_layers.py"])
    return done.stdout.splitlines()[:-1] if done.returncode else []


def check_licence():
    faults = []
    for name in tracked("*.cc", "*.h", "*.inc", "*.py", "*.cmake", "CMakeLists.txt", "*/CMakeLists.txt", "*.go", "*.js", "*.rb", "*.ru"):
        head = (ROOT / name).read_text(errors="replace")[:300]
        if head.strip() and "SPDX-License-Identifier: Apache-2.0" not in head:
            faults.append(f"{name}: no SPDX licence line at the top")
    return faults


def check_documents():
    """Every relative link in the documents leads somewhere, and the generated ones are current."""
    faults = []
    for name in tracked("*.md", "*/*.md"):
        text = (ROOT / name).read_text()
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            if not ((ROOT / name).parent / target).exists():
                faults.append(f"{name}: the link {target} leads nowhere")
    for generator in sorted((ROOT / "tools").glob("gen_docs*.py")):
        done = sh([sys.executable, str(generator), "--check"])
        if done.returncode:
            faults += (done.stdout + done.stderr).strip().splitlines()
    return faults


def check_headers_and_tidy(jobs):
    """Each public header compiles alone; clang-tidy over every source file of src/."""
    if subprocess.run(["./dev", "internal-build", "tidy", "all", "all_verify_interface_header_sets"], cwd=ROOT).returncode:
        return ["the tidy build (clang, each header alone) failed"]
    commands = json.loads((ROOT / "build" / "tidy" / "compile_commands.json").read_text())
    files = sorted({c["file"] for c in commands if c["file"].startswith(str(ROOT / "src")) and c["file"].endswith(".cc")})

    def tidy(path):
        done = sh(["clang-tidy-19", "-p", "build/tidy", "--quiet", path])
        return [l for l in done.stdout.splitlines() if "error:" in l] if done.returncode else []

    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        return [line.replace(str(ROOT) + "/", "") for lines in pool.map(tidy, files) for line in lines]


def main():
    parser = argparse.ArgumentParser(prog="./dev check")
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--fast", action="store_true", help="leave out the compile and clang-tidy")
    arguments = parser.parse_args()
    checks = [("format", check_format), ("Go format", check_go_format), ("layers", check_layers), ("licence lines", check_licence),
              ("documents", check_documents)]
    if not arguments.fast:
        checks.append(("headers and clang-tidy", lambda: check_headers_and_tidy(arguments.jobs)))
    failed = 0
    for name, check in checks:
        start = time.monotonic()
        faults = check()
        failed += bool(faults)
        state = "skipped" if faults is None else "FAILED" if faults else "ok"
        print(f"check {name:<24} {state} ({time.monotonic() - start:.1f} s)", flush=True)
        for fault in (faults or [])[:60]:
            print(f"    {fault}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
