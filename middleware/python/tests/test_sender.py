# SPDX-License-Identifier: Apache-2.0
import logging
import os
import threading

import pytest

from skywatch_profiler import sender

WAIT_S = 20


class NotFound(Exception):
    response = {"Error": {"Code": "ResourceNotFoundException"}}


class Exists(Exception):
    response = {"Error": {"Code": "ResourceAlreadyExistsException"}}


class Refused(Exception):
    response = {"Error": {"Code": "InvalidParameterException"}}


class Service:
    """The three calls as the service answers them; `fail` is raised by the next calls of PutLogEvents."""

    class exceptions:
        ResourceNotFoundException = NotFound
        ResourceAlreadyExistsException = Exists

    def __init__(self):
        self.groups, self.streams, self.batches, self.fail, self.answer = set(), set(), [], [], {}
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def create_log_group(self, logGroupName):
        if logGroupName in self.groups:
            raise Exists
        self.groups.add(logGroupName)

    def create_log_stream(self, logGroupName, logStreamName):
        self.streams.add((logGroupName, logStreamName))

    def put_log_events(self, logGroupName, logStreamName, logEvents):
        self.entered.set()
        assert self.gate.wait(WAIT_S)
        if self.fail:
            raise self.fail.pop(0)
        if (logGroupName, logStreamName) not in self.streams:
            raise NotFound
        assert 1 <= len(logEvents) <= sender.EVENTS_MAX
        assert sum(len(e["message"].encode()) + 26 for e in logEvents) <= sender.BATCH_BYTES_MAX
        times = [e["timestamp"] for e in logEvents]
        assert times == sorted(times) and times[-1] - times[0] < sender.SPAN_MS_MAX
        self.batches.append([e["message"] for e in logEvents])
        return self.answer

    def messages(self):
        return [m for batch in self.batches for m in batch]


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def make(service, monkeypatch):
    monkeypatch.setattr(sender, "_BACKOFF_FIRST_S", 0.001)
    made = []

    def build(**options):
        handler = sender.CloudWatchHandler("g", "s", client=service, **{"interval": 0.001, **options})
        made.append(handler)
        return handler

    yield build
    service.gate.set()
    for handler in made:
        handler.close()


def log(handler, text, created=None):
    record = logging.LogRecord("skywatch.profiler", logging.INFO, "", 0, "%s", (text,), None)
    if created is not None:
        record.created = created
    handler.handle(record)


def test_group_and_stream_are_made_and_lines_arrive_in_order(service, make):
    handler = make()
    for n in range(100):
        log(handler, f"line {n}", created=1_000_000_000 + n)
    assert handler.flush(WAIT_S)
    assert service.messages() == [f"line {n}" for n in range(100)]
    assert (service.groups, service.streams) == ({"g"}, {("g", "s")})
    assert (handler.sent, handler.dropped) == (100, 0)


def test_an_existing_group_is_no_error(service, make):
    service.groups.add("g")
    handler = make()
    log(handler, "x")
    assert handler.flush(WAIT_S) and service.messages() == ["x"]


def test_a_full_queue_drops_and_counts_and_never_waits(service, make):
    service.gate.clear()
    handler = make(queue_max=10)
    log(handler, "first")
    assert service.entered.wait(WAIT_S)  # The sender is stuck in its call: from here on nothing leaves the queue.
    for n in range(25):
        log(handler, f"{n}")
    assert handler.dropped == 15
    service.gate.set()
    assert handler.flush(WAIT_S)
    assert (handler.sent, handler.dropped) == (11, 15)


def test_failures_are_tried_again_without_loss(service, make, capsys):
    service.fail = [ConnectionError("down"), ConnectionError("down"), ConnectionError("down")]
    handler = make()
    log(handler, "x")
    assert handler.flush(WAIT_S)
    assert service.messages() == ["x"] and (handler.sent, handler.dropped) == (1, 0)
    assert capsys.readouterr().err.count("cannot send") == 1  # One complaint a minute.


def test_what_the_service_will_never_take_is_dropped(service, make):
    service.fail = [Refused("no")]
    handler = make()
    log(handler, "bad")
    assert handler.flush(WAIT_S)
    log(handler, "good")
    assert handler.flush(WAIT_S)
    assert service.messages() == ["good"] and (handler.sent, handler.dropped) == (1, 1)


@pytest.mark.parametrize("info, stored", [
    ({"tooOldLogEventEndIndex": 2}, 3), ({"expiredLogEventEndIndex": 1}, 4), ({"tooNewLogEventStartIndex": 4}, 4),
    ({"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 4}, 3),
])
def test_rejected_events_are_counted(service, make, info, stored):
    service.answer = {"rejectedLogEventsInfo": info}
    handler = make(interval=WAIT_S)
    for n in range(5):
        log(handler, f"{n}", created=1_000_000_000 + n)
    assert handler.flush(WAIT_S)
    assert (handler.sent, handler.dropped) == (stored, 5 - stored)


def test_batches_keep_the_limits_of_the_service(service, make):
    service.gate.clear()
    handler = make(queue_max=100_000)
    log(handler, "first")
    assert service.entered.wait(WAIT_S)
    sent = ["x" * 200_000] * 12 + ["y"] * 12_000 + ["é" * 200_000]
    for text in sent:
        log(handler, text)
    log(handler, "old", created=1_000_000_000)
    service.gate.set()
    assert handler.flush(WAIT_S)
    # The service asserts the limits itself.
    assert sorted(len(m) for m in service.messages()) == sorted([5, 3] + [200_000] * 12 + [1] * 12_000 + [sender.EVENT_BYTES_MAX // 2])
    assert handler.dropped == 0


def test_closing_sends_what_is_queued(service, make):
    handler = make(interval=WAIT_S)
    for n in range(10):
        log(handler, f"{n}")
    handler.close()
    assert len(service.messages()) == 10
    log(handler, "late")
    assert handler.dropped == 1


def test_closing_gives_up_on_a_dead_service(service, make, capsys):
    service.fail = [ConnectionError("down")] * 1_000_000
    handler = make(close_seconds=0.05)
    log(handler, "x")
    handler.close()
    assert not handler.flush(0) or handler.dropped == 1


def test_the_senders_own_records_do_not_feed_it(service, make):
    handler = make()
    logger = logging.getLogger("test.sender.own")
    logger.propagate = False
    logger.addHandler(handler)
    put = service.put_log_events

    def chatty(**arguments):
        logger.warning("a record of the client library")
        return put(**arguments)

    service.put_log_events = chatty
    logger.warning("one")
    assert handler.flush(WAIT_S)
    logger.removeHandler(handler)
    assert service.messages() == ["one"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_worker_sends_only_its_own(service, make):
    service.gate.clear()
    handler = make()
    log(handler, "parent")
    assert service.entered.wait(WAIT_S)
    log(handler, "parent too")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            service.gate.set()
            service.streams.add(("g", "s"))
            log(handler, "child")
            done = handler.flush(WAIT_S)
            os.write(write, f"{done} {service.messages()}".encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        assert pipe.read() == "True ['child']"
