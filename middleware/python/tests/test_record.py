# SPDX-License-Identifier: Apache-2.0
"""The profiler's records are those that logging makes, attribute by attribute."""
import copy
import logging
import os
import pickle
import threading

import pytest
from skywatch_profiler import record as record_module
from skywatch_profiler.record import RecordMaker

MOVING = {"created", "msecs", "relativeCreated"}


def ordinary(logger, line):
    return logger.makeRecord(logger.name, logging.INFO, record_module.__file__, 0, line, (), None, "write")


def made(logger, lines):
    maker = RecordMaker(logger)
    return [maker(line) for line in lines]


def test_equals_loggings_own():
    logger = logging.getLogger("test.record")
    before = ordinary(logger, "x")
    first, second = made(logger, ["one", "two"])
    after = ordinary(logger, "x")
    for record, line in ((first, "one"), (second, "two")):
        assert record.getMessage() == line
        assert set(record.__dict__) == set(before.__dict__)
        kept = {name: value for name, value in record.__dict__.items() if name not in MOVING | {"msg"}}
        assert kept == {name: before.__dict__[name] for name in kept}
        for name in ("created", "relativeCreated"):
            assert getattr(before, name) - 1e-3 <= getattr(record, name) <= getattr(after, name) + 1e-3
        assert record.msecs == pytest.approx(record.created % 1 * 1000, abs=1)
        assert pickle.loads(pickle.dumps(record)).__dict__ == record.__dict__ == copy.copy(record).__dict__


def test_attributes_of_one_record_are_its_own():
    first, second = made(logging.getLogger("test.record"), ["one", "two"])
    second.added = 1
    assert not hasattr(first, "added") and first.msg == "one"


def test_thread_and_its_name():
    maker = RecordMaker(logging.getLogger("test.record"))
    maker("first, in this thread")
    seen = []
    thread = threading.Thread(target=lambda: seen.append((maker("x"), threading.get_ident())), name="worker-7")
    thread.start()
    thread.join()
    record, ident = seen[0]
    assert (record.threadName, record.thread) == ("worker-7", ident)


def test_process_after_a_fork():
    maker = RecordMaker(logging.getLogger("test.record"))
    maker("in the parent")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(maker("in the child").process - os.getpid()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"0"


def test_a_factory_of_somebody_else():
    logger = logging.getLogger("test.record")
    maker = RecordMaker(logger)
    maker("first")
    before = logging.getLogRecordFactory()

    def factory(*args, **kwargs):
        record = before(*args, **kwargs)
        record.tenant = "a"
        return record

    logging.setLogRecordFactory(factory)
    try:
        assert maker("x").tenant == "a"
    finally:
        logging.setLogRecordFactory(before)


@pytest.mark.parametrize("switch, attribute", [("logThreads", "threadName"), ("logProcesses", "process")])
def test_what_logging_was_told_to_leave_out(monkeypatch, switch, attribute):
    maker = RecordMaker(logging.getLogger("test.record"))
    monkeypatch.setattr(logging, switch, False)
    assert [getattr(maker("x"), attribute) for _ in range(2)] == [None, None]
