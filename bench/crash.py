# SPDX-License-Identifier: Apache-2.0
"""./dev bench crash: power cuts of a simulated disk and kill -9 of the real program, as many as wanted; held to nothing acknowledged lost,
doubled or altered (tests/crash/run.py and src/store/store_sim_test.cc say what exactly). The suite runs few of both."""
import os
import re
import subprocess
import sys
import time


def measure(root, seeds, rounds, log):
    """Rows of (what, figure, beside it); whether something did not hold."""
    subprocess.run(["cmake", "--preset", "dev"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", "build/dev", "sky_store_test"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    # From a seed that the suite does not use.
    took, lost, _ = _run(root, [root / "build/dev/src/sky_store_test", "-tc=power loss: acknowledged events are there once*"],
                            {"SKYWATCH_SIM_FIRST": "1000", "SKYWATCH_SIM_SEEDS": str(seeds)}, log)
    rows = [("simulated power losses", f"{seeds:,} seeds", f"{'nothing' if not lost else 'SOMETHING'} lost, doubled or altered; {took:.0f} s")]
    took, broken, text = _run(root, [sys.executable, root / "tests/crash/run.py", str(rounds)], {"SKYWATCH_BIN": str(root / "build/release/skywatch")}, log)
    batches = re.findall(r"(\d+) batches acknowledged", text)
    rows.append(("kill -9 while writing, deleting, merging, backing up", f"{rounds:,} rounds",
                 f"{'nothing' if not broken else 'SOMETHING'} lost, doubled or altered; {int(batches[-1]) if batches else 0:,} batches acknowledged; {took:.0f} s"))
    return rows, lost or broken


def _run(root, command, environment, log):
    """(seconds, whether it failed, what it printed)"""
    begin = time.monotonic()
    text = []
    with subprocess.Popen([str(part) for part in command], cwd=root, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            text.append(line)
            if line.startswith("crash: "):
                log(line.rstrip())
    if process.returncode != 0:
        log("".join(text)[-4000:])
    return time.monotonic() - begin, process.returncode != 0, "".join(text)
