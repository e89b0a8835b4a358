#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs fuzz targets for a bounded time each: run_fuzz.py TARGET|all SECONDS [SEED]. Exit code 1 when one finds a fault.

Without a seed every run tries other inputs. The test suite gives one, so that it repeats: there, a fault is a fault of the
change at hand, and new ground is for longer runs by hand.
"""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "fuzz"


def run(target, seconds, seed):
    grown = BUILD / ("corpus" if seed == "0" else "repeated") / target
    if seed != "0":
        shutil.rmtree(grown, ignore_errors=True)  # What earlier runs found would lead this one elsewhere.
    grown.mkdir(parents=True, exist_ok=True)
    kept = ROOT / "fuzz" / "corpus" / target
    command = [str(BUILD / "fuzz" / f"fuzz_{target}"), str(grown)] + ([str(kept)] if kept.is_dir() else []) + [
        f"-seed={seed}", f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1", "-verbosity=0",
        f"-artifact_prefix={BUILD}/"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=int(seconds) + 120)
    runs = next((l.split()[-1] for l in done.stderr.splitlines() if "number_of_executed_units" in l), "?")
    print(f"fuzz {target}: {runs} runs in {seconds} s, {'ok' if done.returncode == 0 else 'FAULT'}", flush=True)
    if done.returncode != 0:
        print(done.stderr[-6000:])
    return done.returncode == 0


def targets():
    return sorted(p.stem for p in (ROOT / "fuzz").glob("*.cc"))


def main():
    wanted, seconds = sys.argv[1], sys.argv[2]
    seed = sys.argv[3] if len(sys.argv) > 3 else "0"  # libFuzzer draws one for 0.
    names = targets() if wanted == "all" else [wanted]
    if wanted != "all" and wanted not in targets():
        print(f"no fuzz target '{wanted}'; there are: {', '.join(targets())}", file=sys.stderr)
        return 2
    passed = [run(name, seconds, seed) for name in names]
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
