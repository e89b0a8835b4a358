# SPDX-License-Identifier: Apache-2.0
"""What is measured during one request, found through a context variable by whoever runs on its behalf."""
from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .line import FORMATS, NAMESPACE, format_line, plain_line
from .record import RecordMaker
from .statements import TEXTS_MAX, most_repeated
from .trace import W3C_HEADER, XRAY_HEADER, trace_id

LOGGER_NAME = "skywatch.profiler"

# What a client that went away leaves behind, as nginx writes it: neither an answer of ours nor a fault.
CLIENT_CLOSED = 499

_current = contextvars.ContextVar("skywatch_profiler_current", default=None)


class OptionsError(ValueError):
    """An option has an unknown name or a value that cannot be meant."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What a user may choose, the same for every framework.

    format          plain, extended, json or emf
    external        time outgoing calls (http.client, httpx) in the forms that show it
    skip_methods    methods that write no line, such as ("OPTIONS", "HEAD")
    skip_paths      regular expressions; a path in which one is found writes no line
    slower_than_ms  only requests that took longer write a line
    sample          write one of n requests, chosen at random; the line then says sample=n
    repeated_over   the same statement more often than this adds repeated=<n>
    trace           write the id of an X-Ray or W3C trace
    namespace       of the metrics, form emf
    """

    format: str = "plain"
    external: bool = True
    skip_methods: Sequence[str] = ()
    skip_paths: Sequence[str] = ()
    slower_than_ms: float = 0
    sample: int = 1
    repeated_over: int = 5
    trace: bool = True
    namespace: str = NAMESPACE

    @classmethod
    def of(cls, given: dict[str, Any]) -> Options:
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(given) - known)
        if unknown:
            raise OptionsError(f"unknown options: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        options = cls(**given)
        if options.format not in FORMATS:
            raise OptionsError(f"the line's format must be one of {', '.join(FORMATS)}, not {options.format!r}")
        for name in ("skip_methods", "skip_paths"):
            if isinstance(getattr(options, name), str):
                raise OptionsError(f"{name} must be a list")
        for name, least in (("sample", 1), ("repeated_over", 1), ("slower_than_ms", 0)):
            if not getattr(options, name) >= least:
                raise OptionsError(f"{name} must be at least {least}")
        try:
            for pattern in options.skip_paths:
                re.compile(pattern)
        except re.error as error:
            raise OptionsError(f"skip_paths: {error}") from error
        return options


class Profiler:
    """Decides which requests are measured. One for each middleware; its methods may be called from any thread."""

    def __init__(self, logger: logging.Logger | None = None, clock: Callable[[], int] = time.perf_counter_ns,
                 wall: Callable[[], float] = time.time, choose: Callable[[], float] = random.random, **options: Any):
        self.options = Options.of(options)
        self.logger = logger or logging.getLogger(LOGGER_NAME)
        self.clock, self.wall = clock, wall
        self.detailed = self.options.format != "plain"
        self.slower_than_ns = int(self.options.slower_than_ms * 1_000_000)
        self._choose = choose
        self._record = RecordMaker(self.logger)
        self._skip_methods = frozenset(self.options.skip_methods)
        self._skip_path = re.compile("|".join(f"(?:{p})" for p in self.options.skip_paths)).search if self.options.skip_paths else None
        if self.detailed and self.options.external:
            from .outgoing import watch_http_client, watch_httpx

            watch_http_client()
            watch_httpx()

    def begin(self, method: str, path: str, header: Callable[[str], str | None] | None = None) -> Measured | None:
        """Starts measuring a request that arrives now; None when its line is not wanted.

        `header(name)` gives the value of a request header by its name in small letters, or None."""
        if method in self._skip_methods or not self.logger.isEnabledFor(logging.INFO):
            return None
        if self._skip_path is not None and self._skip_path(path):
            return None
        sample = self.options.sample
        if sample > 1 and self._choose() * sample >= 1:
            return None
        measured = Measured(self)
        if self.detailed and self.options.trace and header is not None:
            measured.trace = trace_id(header(XRAY_HEADER), header(W3C_HEADER))
        return measured

    def write(self, line: str) -> None:
        """Hands a line to the logger, as logger.info does."""
        self.logger.handle(self._record(line))


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
