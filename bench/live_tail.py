#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many live tails beside much ingest: what acknowledgements cost with and without them, and what arrives. By hand.

    .venv/bin/python bench/live_tail.py --clients 100 --rate 100000 --seconds 10

Budget: acknowledgements as fast as without sessions (a pointer a batch), an update a second for every client.
"""
import argparse
import http.client
import json
import multiprocessing
import pathlib
import socket
import statistics
import sys
import tempfile
import threading
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "clients")]

import harness  # noqa: E402
import signing  # noqa: E402

GROUP, STREAM = "live", "s"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"
WAIT_SECONDS_MAX = 60
BATCH_EVENTS, WRITERS = 1_000, 2


def signed(place, operation, body):
    headers = {"host": f"127.0.0.1:{place['port']}", "content-type": "application/x-amz-json-1.1", "x-amz-target": "Logs_20140328." + operation}
    return signing.sign(headers, body, *place["keys"])


class Reader(threading.Thread):
    """One session on a socket: checks each message's checksum, counts updates, events and samples."""

    def __init__(self, place):
        super().__init__(daemon=True)
        self.place, self.updates, self.events, self.sampled, self.late_s = place, 0, 0, 0, 0.0
        self.started = threading.Event()

    def run(self):
        body = json.dumps({"logGroupIdentifiers": [ARN]}).encode()
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed(self.place, "StartLiveTail", body).items())
        with socket.create_connection(("127.0.0.1", self.place["port"]), WAIT_SECONDS_MAX) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            file = connection.makefile("rb", 1 << 16)
            status = file.readline()
            assert b" 200 " in status, status
            while file.readline() not in (b"\r\n", b""):
                pass
            last = None
            while size := int(file.readline() or b"0", 16):  # One message is one chunk.
                message = file.read(size)
                file.read(2)
                assert zlib.crc32(message[:-4]) == int.from_bytes(message[-4:], "big")
                if b"sessionStart" in message[:120]:
                    self.started.set()
                elif b"sessionUpdate" in message[:120]:
                    now = time.monotonic()
                    self.late_s = max(self.late_s, now - last - 1) if last is not None else 0.0
                    last = now
                    self.updates += 1
                    self.events += message.count(b'"logStreamName"')
                    self.sampled += b'"sampled":true' in message


def read(place, count, pipe):
    """A process of its own: the writers' clock is not to wait for Python's readers."""
    readers = [Reader(place) for _ in range(count)]
    for reader in readers:
        reader.start()
    pipe.send(all(reader.started.wait(WAIT_SECONDS_MAX) for reader in readers))
    pipe.recv()
    pipe.send({"updates_a_client": round(statistics.mean(r.updates for r in readers), 1), "events": sum(r.events for r in readers),
               "sampled_updates": sum(r.sampled for r in readers), "latest_update_s": round(max(r.late_s for r in readers), 3)})


def write(place, rate, seconds, acks, faults):
    lines = [f"[profiler] GET user-{n % 50} {n % 9_000 / 100:.2f} 200" for n in range(BATCH_EVENTS)]
    now = int(time.time() * 1000)
    body = json.dumps({"logGroupName": GROUP, "logStreamName": STREAM, "logEvents": [{"timestamp": now, "message": line} for line in lines]}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", place["port"], timeout=WAIT_SECONDS_MAX)
    begun, every = time.monotonic(), WRITERS * BATCH_EVENTS / rate
    for turn in range(int(seconds / every)):
        time.sleep(max(0.0, begun + turn * every - time.monotonic()))
        headers = signed(place, "PutLogEvents", body)
        start = time.monotonic()
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        answer.read()
        acks.append(1000 * (time.monotonic() - start))
        if answer.status != 200:
            faults.append(answer.status)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--program", default=str(ROOT / "build/release/skywatch"))
    arguments = parser.parse_args()
    for clients in (0, arguments.clients):
        with tempfile.TemporaryDirectory(prefix="skywatch-live-") as folder, harness.Server(arguments.program, pathlib.Path(folder) / "data") as server:
            place = {"port": server.port, "keys": (server.access_key, server.secret_key)}
            logs = server.boto3("logs")
            logs.create_log_group(logGroupName=GROUP)
            logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
            ours, theirs = multiprocessing.Pipe()
            reading = multiprocessing.Process(target=read, args=(place, clients, theirs), daemon=True)
            if clients:
                reading.start()
                assert ours.recv(), "a session did not start"
            acks, faults, cpu, begun = [], [], server.cpu_seconds(), time.monotonic()
            writers = [threading.Thread(target=write, args=(place, arguments.rate, arguments.seconds, acks, faults)) for _ in range(WRITERS)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            took = time.monotonic() - begun
            acks.sort()
            row = {"clients": clients, "events_a_second": round(len(acks) * BATCH_EVENTS / took), "ack_ms_p50": round(acks[len(acks) // 2], 2),
                   "ack_ms_p99": round(acks[len(acks) * 99 // 100], 2), "refused": len(faults),
                   "server_cpu_s": round(server.cpu_seconds() - cpu, 2), "peak_mb": server.peak_rss_bytes() >> 20}
            if clients:
                ours.send(True)
                row.update(ours.recv())
                reading.terminate()
                reading.join()
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
