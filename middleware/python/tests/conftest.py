# SPDX-License-Identifier: Apache-2.0
import logging
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
os.environ["DJANGO_SETTINGS_MODULE"] = "project"


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture
def lines():
    """The lines written to the profiler's logger during the test."""
    logger = logging.getLogger("skywatch.profiler")
    handler = Kept()
    before = (logger.level, logger.propagate)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield handler.lines
    logger.removeHandler(handler)
    logger.level, logger.propagate = before
