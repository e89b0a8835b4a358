# SPDX-License-Identifier: Apache-2.0
"""500 clients that write at once, more than fits into memory: each is answered with success or with an error that SDKs retry,
memory stays inside its budget, /healthz answers, and what was acknowledged is there, once, also when the server is stopped meanwhile."""
import json
import pathlib
import re
import selectors
import socket
import subprocess
import sys
import time
import urllib.request

import signing

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = 500
CLIENTS_ALL = 3_000  # Of a flood that goes on.
FILLER_EVENTS = 200
OTHERS_CALLS = 3
ANSWER_SECONDS_MAX = 120
MEMORY = 64 << 20
# What the program holds beside its budget: code, stacks of its threads, allocator slack, 500 connections' buffers.
BESIDE_BUDGET = 128 << 20
# The address sanitizer keeps 256 MiB of freed memory aside and has its own around every block.
SANITIZER_MEMORY = 640 << 20


class Writer:
    """One PutLogEvents call on a connection of its own, sent and read as the socket allows."""

    def __init__(self, server, keys, group, number, now):
        events = [{"timestamp": now, "message": f"marker {number}"}]
        events += [{"timestamp": now, "message": f"filler {number} " + "x" * 1000} for _ in range(FILLER_EVENTS)]
        body = json.dumps({"logGroupName": group, "logStreamName": "s", "logEvents": events}).encode()
        host, port = server.address
        headers = signing.sign({"host": f"{host}:{port}", "content-type": "application/x-amz-json-1.1",
                                "x-amz-target": "Logs_20140328.PutLogEvents"}, body, *keys)
        lines = [f"{name}: {value}" for name, value in headers.items()] + [f"content-length: {len(body)}", "connection: close"]
        self.out = memoryview(("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body)
        self.number, self.answer, self.done = number, b"", False
        self.socket = socket.create_connection(server.address, timeout=ANSWER_SECONDS_MAX)
        self.socket.setblocking(False)

    def step(self):
        try:
            if self.out:
                self.out = self.out[self.socket.send(self.out):]
            piece = self.socket.recv(65536)
            self.answer += piece
            self.done = not piece
        except BlockingIOError:
            pass
        except (ConnectionResetError, BrokenPipeError):
            self.done = True

    @property
    def status(self):
        return int(self.answer.split(b" ", 2)[1]) if self.answer else None


def run(writers, meanwhile=lambda finished: None):
    """Until all are answered; `meanwhile` is told how many are, and may return more writers, which are appended to the list."""
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    with selectors.DefaultSelector() as selector:
        def register(writer):
            selector.register(writer.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, writer)

        for writer in writers:
            register(writer)
        while selector.get_map():
            assert time.monotonic() < deadline
            for key, _ in selector.select(1):
                writer = key.data
                writer.step()
                if writer.done:
                    selector.unregister(writer.socket)
                    writer.socket.close()
                elif not writer.out:
                    selector.modify(writer.socket, selectors.EVENT_READ, writer)
            for writer in meanwhile(len(writers) - len(selector.get_map())) or ():
                writers.append(writer)
                register(writer)


def stored_markers(logs, finished, group, now):
    text = "fields @message | filter @message like /^marker/ | limit 10000"
    started = logs.start_query(logGroupName=group, startTime=now // 1000 - 60, endTime=now // 1000 + 60, queryString=text)
    answer = finished(started["queryId"], client=logs)
    assert answer["status"] == "Complete"
    texts = [next(f["value"] for f in row if f["field"] == "@message") for row in answer["results"]]
    return sorted(int(text.split()[1]) for text in texts)


def make_group(logs, name):
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")


def test_500_writers_at_once(program, own_place, finished, name, now):
    server = own_place.start("--memory", str(MEMORY))
    logs = own_place.client()
    make_group(logs, name)
    writers = [Writer(server, own_place.keys, name, number, now) for number in range(CLIENTS)]
    healthy = []

    def ask_health(finished):
        if finished // 50 > len(healthy):  # Some ten times on the way.
            with urllib.request.urlopen(server.url + "/healthz", timeout=ANSWER_SECONDS_MAX) as answer:
                healthy.append(answer.status)

    run(writers, ask_health)
    accepted = sorted(w.number for w in writers if w.status == 200)
    refused = [w for w in writers if w.status != 200]
    assert accepted
    for writer in refused:
        assert writer.status in (400, 503), writer.answer[:500]
        assert b"ThrottlingException" in writer.answer or b"ServiceUnavailableException" in writer.answer, writer.answer[:500]
    assert len(healthy) >= 5 and set(healthy) == {200}
    assert stored_markers(logs, finished, name, now) == accepted
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    peak = int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M).group(1)) * 1024
    beside = BESIDE_BUDGET + (SANITIZER_MEMORY if b"__asan_init" in program.read_bytes() else 0)
    assert peak < MEMORY + beside, f"peak {peak >> 20} MiB"


def test_a_stop_under_load_loses_nothing(own_place, finished, name, now):
    server = own_place.start()
    make_group(own_place.client(), name)
    writers = [Writer(server, own_place.keys, name, number, now) for number in range(200)]
    stopping = []

    def stop(finished):
        if finished >= 20 and not stopping:
            stopping.append(True)
            server.process.terminate()

    run(writers, stop)
    assert server.stop() == 0, server.output
    accepted = sorted(w.number for w in writers if w.status == 200)
    assert len(accepted) >= 20
    own_place.start()
    stored = stored_markers(own_place.client(), finished, name, now)
    assert set(accepted) <= set(stored)
    assert len(stored) == len(set(stored))


def test_a_flood_of_one_account_leaves_room_for_another(own_place, finished, name, now):
    """The flood goes on until the second account's SDK, with no more than its own retries, has made its calls: long before the flood has
    made all those that it may."""
    other = own_place.key("--account", "222222222222")
    server = own_place.start("--memory", str(MEMORY))
    logs = own_place.client()
    make_group(logs, name)
    make_group(own_place.client(keys=other), name)
    environment = {"AWS_ACCESS_KEY_ID": other[0], "AWS_SECRET_ACCESS_KEY": other[1], "PATH": "/usr/bin:/bin"}
    with subprocess.Popen([sys.executable, str(HERE / "other_account.py"), server.url, name, str(now), str(OTHERS_CALLS)], env=environment,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        flood = [Writer(server, own_place.keys, name, number, now) for number in range(CLIENTS)]
        started = []

        def go_on(answered):
            if answered >= 20 and not started:
                started.append(True)
                process.stdin.write("go\n")
                process.stdin.flush()
            if process.poll() is not None:
                return ()
            room = max(0, min(CLIENTS_ALL, CLIENTS + answered) - len(flood))
            return [Writer(server, own_place.keys, name, len(flood) + more, now) for more in range(room)]

        run(flood, go_on)
        _, fault = process.communicate(timeout=ANSWER_SECONDS_MAX)
        assert process.returncode == 0, fault
    assert len(flood) < CLIENTS_ALL
    accepted = sorted(w.number for w in flood if w.status == 200)
    assert stored_markers(logs, finished, name, now) == accepted
    assert stored_markers(own_place.client(keys=other), finished, name, now) == list(range(OTHERS_CALLS))
