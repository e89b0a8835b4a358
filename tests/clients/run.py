#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests with real clients against the program named by SKYWATCH_BIN (default build/dev/skywatch)."""
import pathlib
import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-rs", str(pathlib.Path(__file__).resolve().parent), *sys.argv[1:]]))
