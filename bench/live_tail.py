#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many live tails beside much ingest: what the acknowledgements cost with and without them, and what arrives. By hand.

    .venv/bin/python bench/live_tail.py --clients 100 --rate 100000 --seconds 10

Budget: acknowledgements as fast as without sessions (a pointer a batch), an update a second for every client.
"""
import argparse
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "clients")]

import harness  # noqa: E402
import signing  # noqa: E402

GROUP = "live"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"
WAIT_SECONDS_MAX = 60


class Reader(threading.Thread):
    """One session on a socket: counts updates, events and samples; the JSON of each message is read once in a hundred."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.updates, self.events, self.sampled, self.started = server, 0, 0, 0, threading.Event()
        self.late_s = 0.0

    def request(self):
        body = json.dumps({"logGroupIdentifiers": [ARN]}).encode()
        headers = signing.sign({"host": f"127.0.0.1:{self.server.port}", "content-type": "application/x-amz-json-1.1",
                                "x-amz-target": "Logs_20140328.StartLiveTail"}, body, self.server.access_key, self.server.secret_key)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST / HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def run(self):
        with socket.create_connection(("127.0.0.1", self.server.port), WAIT_SECONDS_MAX) as connection:
            self.connection = connection
            connection.sendall(self.request())
            file = connection.makefile("rb", 1 << 16)
            status = file.readline()
            assert b" 200 " in status, status
            while file.readline() not in (b"\r\n", b""):
                pass
            last = None
            # One message is one chunk.
            while size := int(file.readline() or b"0", 16):
                message = file.read(size)
                file.read(2)
                assert zlib.crc32(message[:-4]) == int.from_bytes(message[-4:], "big")
                if b"sessionStart" in message[:120]:
                    self.started.set()
                if b"sessionUpdate" in message[:120]:
                    now = time.monotonic()
                    if last is not None:
                        self.late_s = max(self.late_s, now - last - 1)
                    last = now
                    self.updates += 1
                    self.events += message.count(b'"logStreamName"')
                    self.sampled += b'"sampled":true' in message

    def stop(self):
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It has ended by itself.


def load(program, server, rate, seconds):
    command = [str(program), "--port", str(server.port), "--access-key", server.access_key, "--secret-key", server.secret_key, "--set", "s1",
               "--lines", str(rate * seconds), "--rate", str(rate), "--connections", "2", "--group", GROUP]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS_MAX + 4 * seconds)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--build", default="build/release")
    arguments = parser.parse_args()
    build = ROOT / arguments.build
    for clients in (0, arguments.clients):
        with tempfile.TemporaryDirectory(prefix="skywatch-live-") as folder:
            with harness.Server(build / "skywatch", pathlib.Path(folder) / "data") as server:
                logs = server.boto3("logs")
                logs.create_log_group(logGroupName=GROUP)
                readers = [Reader(server) for _ in range(clients)]
                for reader in readers:
                    reader.start()
                for reader in readers:
                    assert reader.started.wait(WAIT_SECONDS_MAX), "a session did not start"
                cpu = server.cpu_seconds()
                seen = load(build / "bench" / "bench_load", server, arguments.rate, arguments.seconds)
                row = {"clients": clients, "load": seen, "server_cpu_s": round(server.cpu_seconds() - cpu, 2),
                       "peak_mb": server.peak_rss_bytes() >> 20}
                if readers:
                    row.update(updates_a_client=round(sum(r.updates for r in readers) / clients, 1), events=sum(r.events for r in readers),
                               sampled_updates=sum(r.sampled for r in readers), latest_update_s=round(max(r.late_s for r in readers), 3))
                for reader in readers:
                    reader.stop()
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
