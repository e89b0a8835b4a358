# SPDX-License-Identifier: Apache-2.0
"""What is measured during one request, found through a context variable by whoever runs on its behalf."""
from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .line import format_line, plain_line
from .statements import TEXTS_MAX, most_repeated

if TYPE_CHECKING:
    from .profiler import Profiler

# What a client that went away leaves behind, as nginx writes it: neither an answer of ours nor a fault.
CLIENT_CLOSED = 499

_current = contextvars.ContextVar("skywatch_profiler_current", default=None)


class Measured:
    """The measures of one request. Threads and tasks working for the request may add to it at the same time.

    Query time is the time during which at least one query ran, and external time likewise: work that runs in parallel is
    counted once, so neither is ever more than the duration."""

    __slots__ = ("view", "size", "queries", "query_ns", "external_ns", "trace", "status", "_profiler", "_lock", "_finished", "_start_ns", "_end_ns",
                 "_texts", "_querying", "_query_since", "_calling", "_call_since")

    def __init__(self, profiler: Profiler):
        self.view = None  # Set by what runs inside and knows better than who measures.
        self.size = 0
        self.queries = 0
        self.query_ns = 0
        self.external_ns = 0
        self.trace = None
        self.status = None
        self._profiler = profiler
        self._lock = threading.Lock()
        self._finished = False
        self._texts = {}
        self._querying = self._calling = 0
        self._query_since = self._call_since = 0
        self._end_ns = None
        self._start_ns = profiler.clock()

    def handed(self, count: int) -> None:
        """The application gives the server that many more bytes of the body, now. The duration ends with the last of them: when
        the server's own work afterwards is done, the client may have had its answer for long."""
        profiler = self._profiler
        if not profiler.detailed:
            self._end_ns = profiler.clock()  # The plain form shows no size.
            return
        with self._lock:
            self.size += count
            self._end_ns = profiler.clock()

    def ended(self) -> None:
        """There is no byte of a body to come. Its head is all that the client waits for, so the duration ends now, unless a byte
        was handed over before."""
        if self._end_ns is not None:
            return
        with self._lock:
            if self._end_ns is None:
                self._end_ns = self._profiler.clock()

    def query_starts(self) -> None:
        with self._lock:
            if self._querying == 0:
                self._query_since = self._profiler.clock()
            self._querying += 1

    def query_ends(self, text: str) -> None:
        """The statement's text, as it was given to the database."""
        with self._lock:
            self._querying -= 1
            if self._finished:
                return
            if self._querying == 0:
                self.query_ns += self._profiler.clock() - self._query_since
            self.queries += 1
            if text in self._texts:
                self._texts[text] += 1
            elif len(self._texts) < TEXTS_MAX:
                self._texts[text] = 1

    def call_starts(self) -> None:
        with self._lock:
            if self._calling == 0:
                self._call_since = self._profiler.clock()
            self._calling += 1

    def call_ends(self) -> None:
        with self._lock:
            self._calling -= 1
            if self._calling == 0 and not self._finished:
                self.external_ns += self._profiler.clock() - self._call_since

    @property
    def finished(self) -> bool:
        return self._finished

    def finish(self, method: str, view: str, status: int) -> None:
        """Writes the line. Only the first call does: a stream may end by its last chunk and be closed afterwards. What was not
        handed to the server before ends now."""
        profiler = self._profiler
        with self._lock:
            if self._finished:
                return
            self._finished = True
            now_ns = profiler.clock()
            duration_ns = (self._end_ns or now_ns) - self._start_ns
            if self._querying:
                self.query_ns += now_ns - self._query_since
            if self._calling:
                self.external_ns += now_ns - self._call_since
            # Work after the last byte is not the client's time.
            self.query_ns = min(self.query_ns, duration_ns)
            self.external_ns = min(self.external_ns, duration_ns)
        if duration_ns <= profiler.slower_than_ns and profiler.slower_than_ns:
            return
        options = profiler.options
        if not profiler.detailed:
            line = plain_line(method, view, duration_ns, status, options.sample)
        else:
            # Nobody reads the body of an answer to HEAD, whatever the application made.
            size = 0 if method == "HEAD" else self.size
            repeated = most_repeated(self._texts, options.repeated_over) if self.queries > options.repeated_over else 0
            line = format_line(options.format, method, view, duration_ns, status, size, self.queries, self.query_ns, self.external_ns,
                               repeated, options.sample, self.trace,
                               int(profiler.wall() * 1000) if options.format == "emf" else 0, options.namespace)
        profiler.write(line)


def current() -> Measured | None:
    """The request that this thread or task works for, or None."""
    return _current.get()


# The two halves of `using`, for code that runs several times a request: a block costs an object and two calls more.
enter = _current.set
leave = _current.reset


class using:
    """Makes `measured` the current request inside the block."""

    __slots__ = ("_measured", "_token")

    def __init__(self, measured: Measured | None):
        self._measured = measured

    def __enter__(self) -> Measured | None:
        self._token = enter(self._measured)
        return self._measured

    def __exit__(self, *_: object) -> None:
        leave(self._token)


@contextlib.contextmanager
def external() -> Iterator[None]:
    """Counts the block as time spent on another service. Nested and parallel blocks count once."""
    measured = _current.get()
    if measured is None:
        yield
        return
    measured.call_starts()
    try:
        yield
    finally:
        measured.call_ends()


@contextlib.contextmanager
def query(text: str) -> Iterator[None]:
    """Counts the block as one database query, for drivers that have no hook of their own."""
    measured = _current.get()
    if measured is None:
        yield
        return
    measured.query_starts()
    try:
        yield
    finally:
        measured.query_ends(text)
