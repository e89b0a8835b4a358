# SPDX-License-Identifier: Apache-2.0
"""Which requests are measured, and where their lines go: what a user chooses once for a program."""
from __future__ import annotations

import dataclasses
import logging
import random
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from .line import FORMATS, NAMESPACE
from .measure import Measured
from .outgoing import watch_http_client, watch_httpx
from .record import RecordMaker
from .trace import W3C_HEADER, XRAY_HEADER, trace_id

LOGGER_NAME = "skywatch.profiler"


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
