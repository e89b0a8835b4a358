# SPDX-License-Identifier: Apache-2.0
"""Ships log records to CloudWatch Logs, or to skywatch, with boto3:

    logging.getLogger("skywatch.profiler").addHandler(CloudWatchHandler("shop", endpoint_url="http://127.0.0.1:4580"))

A record costs the request one append to a bounded queue. A thread of its own sends batches; when the queue is full, records are
dropped and counted, never waited for. What is queued at the program's end is sent within `close_seconds`.
"""
from __future__ import annotations

import collections
import logging
import os
import random
import socket
import sys
import threading
import time
import weakref
from typing import Any

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
EVENTS_MAX = 10_000
BATCH_BYTES_MAX = 1_048_576
EVENT_OVERHEAD_BYTES = 26
EVENT_BYTES_MAX = 262_144 - EVENT_OVERHEAD_BYTES
SPAN_MS_MAX = 24 * 3600 * 1000

QUEUE_EVENTS_MAX = 10_000  # About 2 MB of lines.
_BACKOFF_FIRST_S, _BACKOFF_MAX_S = 0.5, 30.0
_COMPLAINT_PAUSE_S = 60.0
# Sending the same again cannot succeed.
_HOPELESS = frozenset(("InvalidParameterException", "SerializationException", "ValidationException", "DataAlreadyAcceptedException"))

_every_handler = weakref.WeakSet()


class CloudWatchHandler(logging.Handler):
    """`dropped` counts the records that were not stored, `sent` those that were.

    client          a boto3 "logs" client; made from the environment and `client_options` when absent
    interval        seconds that a record waits at most for others to travel with
    queue_max       records waiting; more are dropped
    """

    def __init__(self, group: str, stream: str | None = None, client: Any = None, interval: float = 1.0, queue_max: int = QUEUE_EVENTS_MAX,
                 close_seconds: float = 5.0, **client_options: Any):
        super().__init__()
        self.group, self.stream = group, stream or f"{socket.gethostname()}-{os.getpid()}"
        self._stream_given = stream is not None
        self._client, self._client_given, self._client_options = client, client is not None, client_options
        self._interval, self._queue_max, self._close_seconds = interval, queue_max, close_seconds
        self.sent = self.dropped = 0
        self._closing = False
        self._next_complaint = 0.0
        self._new_state()
        _every_handler.add(self)

    def _new_state(self):
        self._queue = collections.deque()
        self._changed = threading.Condition()
        self._worker = None
        self._flushing = False
        self._busy = False

    def createLock(self):
        # The queue has its own lock; logging's would make requests wait for each other's formatting.
        self.lock = None

    def after_fork(self):
        """A forked worker of a server has no thread and must not send its parent's records again."""
        self._new_state()
        if not self._client_given:
            self._client = None  # Its open connections belong to the parent.
        if not self._stream_given:
            self.stream = f"{socket.gethostname()}-{os.getpid()}"

    def emit(self, record: logging.LogRecord) -> None:
        worker = self._worker
        if worker is not None and threading.get_ident() == worker.ident:
            return  # boto3's own records, when this handler hangs on the root logger.
        try:
            item = (int(record.created * 1000), self.format(record))
        except Exception:
            self.handleError(record)
            return
        with self._changed:
            if self._closing or len(self._queue) >= self._queue_max:
                self.dropped += 1
                return
            self._queue.append(item)
            if self._worker is None:
                self._worker = threading.Thread(target=self._run, name="skywatch-sender", daemon=True)
                self._worker.start()
            elif len(self._queue) == 1 or len(self._queue) == EVENTS_MAX:
                self._changed.notify_all()

    def flush(self, timeout: float | None = None) -> bool:
        """Waits until what is queued now was sent or given up, at most `timeout` seconds. True when nothing is left."""
        with self._changed:
            self._flushing = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._queue and not self._busy, self._close_seconds if timeout is None else timeout)
            self._flushing = False
            return done

    def close(self) -> None:
        """Sends what is queued, then stops. logging.shutdown() calls it at the program's end."""
        if not self._closing:
            self.flush()
            with self._changed:
                self._closing = True
                left = len(self._queue)
                self.dropped += left
                self._queue.clear()
                self._changed.notify_all()
            if left:
                self._complain(f"{left} lines were not sent before the end", always=True)
        super().close()

    def _complain(self, text, always=False):
        now = time.monotonic()
        if always or now >= self._next_complaint:
            self._next_complaint = now + _COMPLAINT_PAUSE_S
            print(f"skywatch_profiler: {text}; {self.dropped} dropped so far", file=sys.stderr, flush=True)

    def _run(self):
        changed = self._changed
        while True:
            with changed:
                changed.wait_for(lambda: self._queue or self._closing)
                if self._closing:
                    return
                # Others may come to travel along.
                changed.wait_for(lambda: self._closing or self._flushing or len(self._queue) >= EVENTS_MAX, self._interval)
                batch = self._take()
                self._busy = bool(batch)
            if batch:
                stored = self._deliver(batch)
                with changed:
                    self.sent += stored
                    self.dropped += len(batch) - stored
                    self._busy = False
                    changed.notify_all()

    def _take(self):
        """Removes what fits into one call, oldest first."""
        batch, total, first, last = [], 0, None, None
        while self._queue and len(batch) < EVENTS_MAX:
            ms, text = self._queue[0]
            encoded = text.encode("utf-8", "replace")
            if len(encoded) > EVENT_BYTES_MAX:
                text = encoded[:EVENT_BYTES_MAX].decode("utf-8", "ignore")
                encoded = text.encode()
            total += len(encoded) + EVENT_OVERHEAD_BYTES
            low, high = (ms, ms) if first is None else (min(first, ms), max(last, ms))
            if batch and (total > BATCH_BYTES_MAX or high - low >= SPAN_MS_MAX):
                break
            first, last = low, high
            self._queue.popleft()
            if text:
                batch.append({"timestamp": ms, "message": text})
            else:
                self.dropped += 1  # The service takes no empty event.
        batch.sort(key=lambda event: event["timestamp"])
        return batch

    def _deliver(self, batch):
        """Tries until the service answered for good or the handler closes. Returns how many were stored."""
        pause = _BACKOFF_FIRST_S
        while True:
            try:
                if self._client is None:
                    import boto3

                    self._client = boto3.client("logs", **self._client_options)
                answer = self._put(batch)
                rejected = answer.get("rejectedLogEventsInfo") or {}
                count = max(rejected.get("tooOldLogEventEndIndex", 0), rejected.get("expiredLogEventEndIndex", 0))
                count += len(batch) - rejected.get("tooNewLogEventStartIndex", len(batch))
                if count:
                    self._complain(f"the service refused {count} lines: {rejected}")
                return len(batch) - count
            except Exception as error:
                code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
                self._complain(f"cannot send to {self.group}/{self.stream}: {error}")
                if code in _HOPELESS:
                    return 0
            with self._changed:
                if self._changed.wait_for(lambda: self._closing, pause * random.uniform(0.5, 1)):
                    return 0
            pause = min(pause * 2, _BACKOFF_MAX_S)

    def _put(self, batch):
        names = {"logGroupName": self.group, "logStreamName": self.stream}
        try:
            return self._client.put_log_events(logEvents=batch, **names)
        except self._client.exceptions.ResourceNotFoundException:
            for create, arguments in ((self._client.create_log_group, {"logGroupName": self.group}), (self._client.create_log_stream, names)):
                try:
                    create(**arguments)
                except self._client.exceptions.ResourceAlreadyExistsException:
                    pass
            return self._client.put_log_events(logEvents=batch, **names)


def _after_fork():
    for handler in list(_every_handler):
        handler.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
