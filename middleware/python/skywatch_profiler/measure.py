# SPDX-License-Identifier: Apache-2.0
"""What is measured during one request, found through a context variable by whoever runs on its behalf."""
import contextlib
import contextvars
import logging
import threading
import time

from .line import FORMATS, format_line

LOGGER_NAME = "skywatch.profiler"

_current = contextvars.ContextVar("skywatch_profiler_current", default=None)
# True inside an outgoing call, so that a call made of several timed steps is counted once.
_outside = contextvars.ContextVar("skywatch_profiler_outside", default=False)


class Measured:
    """The measures of one request. Threads and tasks working for the request may add to it at the same time."""

    def __init__(self, form="plain", logger=None, clock=time.perf_counter_ns):
        if form not in FORMATS:
            raise ValueError(f"the line's format must be one of {', '.join(FORMATS)}, not {form!r}")
        self.size = 0
        self.queries = 0
        self.query_ns = 0
        self.external_ns = 0
        self._form = form
        self._logger = logger or logging.getLogger(LOGGER_NAME)
        self._clock = clock
        self._lock = threading.Lock()
        self._finished = False
        self._start_ns = clock()

    def add_query(self, ns):
        with self._lock:
            self.queries += 1
            self.query_ns += ns

    def add_external(self, ns):
        with self._lock:
            self.external_ns += ns

    def add_size(self, count):
        with self._lock:
            self.size += count

    def finish(self, method, view, status):
        """Writes the line. Only the first call does: a stream may end by its last chunk and be closed afterwards."""
        end_ns = self._clock()
        with self._lock:
            if self._finished:
                return
            self._finished = True
            values = (self.size, self.queries, self.query_ns, self.external_ns)
        self._logger.info("%s", format_line(self._form, method, view, end_ns - self._start_ns, status, *values))


def begin(form="plain", logger=None, clock=time.perf_counter_ns):
    """Starts measuring a request. Run what works for the request inside using(measured)."""
    return Measured(form, logger, clock)


def current():
    """The request that this thread or task works for, or None."""
    return _current.get()


@contextlib.contextmanager
def using(measured):
    """Makes `measured` the current request inside the block."""
    token = _current.set(measured)
    try:
        yield measured
    finally:
        _current.reset(token)


@contextlib.contextmanager
def external(clock=time.perf_counter_ns):
    """Counts the block as time spent on another service. Nested blocks count once; blocks of parallel tasks add up."""
    measured = _current.get()
    if measured is None or _outside.get():
        yield
        return
    token = _outside.set(True)
    start_ns = clock()
    try:
        yield
    finally:
        measured.add_external(clock() - start_ns)
        _outside.reset(token)
