# SPDX-License-Identifier: Apache-2.0
"""Log records for the profiler's lines, as logging makes them, in half its time.

A logger's own call looks for the line of code that called it, which here is always the same, and works out names from a path that
never changes. What differs from one record to the next is written over a copy of the first one's attributes.
"""
from __future__ import annotations

import logging
import os
import threading
import time


class RecordMaker:
    """Makes the records of one logger. May be called from any thread."""

    def __init__(self, logger: logging.Logger):
        self._logger = logger
        self._first = None

    def __call__(self, line: str) -> logging.LogRecord:
        logger = self._logger
        if logging.getLogRecordFactory() is not logging.LogRecord or type(logger).makeRecord is not logging.Logger.makeRecord:
            return self._ordinary(line)  # Somebody wants records of another make.
        first = self._first
        pid = os.getpid()
        if first is None or first["process"] != pid:  # The process may have forked.
            record = self._ordinary(line)
            first = record.__dict__
            # logging may be told to leave some out; the name of an asyncio task (Python 3.12) changes by itself.
            if first["process"] != pid or first["threadName"] is None or first["thread"] is None or "taskName" in first:
                return record
            self._started_ms = first["created"] * 1000 - first["relativeCreated"]
            self._first = first
        attributes = first.copy()
        now = time.time()
        attributes["msg"] = line
        attributes["created"] = now
        attributes["msecs"] = int(now % 1 * 1000) + 0.0
        attributes["relativeCreated"] = now * 1000 - self._started_ms
        attributes["thread"] = threading.get_ident()
        attributes["threadName"] = threading.current_thread().name
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__ = attributes
        return record

    def _ordinary(self, line):
        logger = self._logger
        return logger.makeRecord(logger.name, logging.INFO, __file__, 0, line, (), None, "write")
