# SPDX-License-Identifier: Apache-2.0
"""Each sample application's own demo ends with a table that counts every request."""
import os
import subprocess
import sys

import pytest

import server_process
import stacks

DEMO_SECONDS_MAX = 300
EXAMPLES = [stack for stack in stacks.stacks() if stack.cwd.parent == stacks.EXAMPLES]


@pytest.mark.parametrize("stack", {stack.cwd.name: stack for stack in EXAMPLES}.values(), ids=lambda stack: stack.cwd.name)
def test_the_demo_shows_every_request(stack):
    if stack.missing:
        pytest.skip(f"{stack.cwd.name}: {stack.missing}")
    done = subprocess.run([sys.executable, str(stacks.EXAMPLES / "demo.py"), stack.cwd.name], capture_output=True, text=True, timeout=DEMO_SECONDS_MAX,
                          env={**os.environ, "SKYWATCH_BIN": str(server_process.binary())})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "avg_duration" in done.stdout and stack.views["items"] in done.stdout
