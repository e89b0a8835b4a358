#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""FilterLogEvents with patterns and GetLogEvents among many streams, through the API, beside grep and DuckDB over the same text.

    .venv/bin/python bench/reading.py --lines 10000000 --streams 100000

The server is restarted after loading, so that events are read from sealed segments. A figure is all pages of one search, end to end;
CPU is the server's; "x" is the fastest peer's time in ours (2x: we take half of it). DuckDB has the texts in memory. Run by hand; not
a part of the suite. Budget: no pattern slower than the fastest peer; a page of one stream among many as fast as of one alone.
"""
import argparse
import concurrent.futures
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import harness

ROOT = pathlib.Path(__file__).resolve().parent.parent
RARE = "needle_in_the_stack"
RUNS = 5
JSON_BATCH = 5_000
THREADS = 8


def timed(server, call, runs=RUNS):
    wall, result, before = [], None, server.cpu_seconds()
    for _ in range(runs):
        start = time.monotonic()
        result = call()
        wall.append((time.monotonic() - start) * 1e3)
    return result, min(wall), statistics.median(wall), (server.cpu_seconds() - before) * 1e3 / runs


def search(client, group, pattern, pages_max=None):
    found, pages, token = 0, 0, {}
    while True:
        page = client.filter_log_events(logGroupName=group, filterPattern=pattern, **token)
        found, pages = found + len(page["events"]), pages + 1
        if "nextToken" not in page or pages == pages_max:
            return found, pages
        token = {"nextToken": page["nextToken"]}


def peer_times(name, call):
    times = []
    for _ in range(3):
        start = time.monotonic()
        count = call()
        times.append((time.monotonic() - start) * 1e3)
    return (name, min(times)), count


def put_json(client, lines, first_ms, path):
    """Events of a JSON logger, one a millisecond; every thousandth is an error of more than a second."""
    client.create_log_group(logGroupName="json")
    client.create_log_stream(logGroupName="json", logStreamName="s")
    with path.open("w") as text:
        for begin in range(0, lines, JSON_BATCH):
            events = []
            for n in range(begin, min(begin + JSON_BATCH, lines)):
                slow = n % 1000 == 17
                message = json.dumps({"level": "error" if slow or n % 50 == 0 else "info", "view": f"view-{n % 48}", "ms": 1000 + n % 7 if slow else n % 900,
                                      "user": {"id": n * 7919 % 100_000}, "path": f"/api/v1/things/{n % 1013}"})
                events.append({"timestamp": first_ms + n, "message": message})
                text.write(message + "\n")
            client.put_log_events(logGroupName="json", logStreamName="s", logEvents=events)


def make_streams(server, count, with_events):
    """Streams a00000… of the group "many"; the first `with_events` of them hold ten events each."""
    client = server.boto3("logs")
    client.create_log_group(logGroupName="many")
    now = int(time.time() * 1000)

    def some(numbers):
        mine = server.boto3("logs")
        for n in numbers:
            mine.create_log_stream(logGroupName="many", logStreamName=f"a{n:06}")
            if n < with_events:
                mine.put_log_events(logGroupName="many", logStreamName=f"a{n:06}",
                                    logEvents=[{"timestamp": now + i, "message": f"stream {n} event {i}"} for i in range(10)])

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(some, [range(t, count, THREADS) for t in range(THREADS)]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000, help="seed lines; a fifth as many JSON events (default 1,000,000)")
    parser.add_argument("--streams", type=int, default=100_000, help="streams of one group (default 100,000)")
    parser.add_argument("--program", default=str(ROOT / "build/release/skywatch"), help="default build/release/skywatch")
    parser.add_argument("--loader", default=str(ROOT / "build/release/bench/bench_load"), help="default build/release/bench/bench_load")
    arguments = parser.parse_args()
    program, loader, lines, streams = arguments.program, arguments.loader, arguments.lines, arguments.streams
    work = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-bench-"))
    try:
        text, objects = work / "lines.txt", work / "json.txt"
        with harness.Server(program, work / "data") as server:
            load = json.loads(subprocess.run(
                [loader, "--port", str(server.port), "--access-key", server.access_key, "--secret-key", server.secret_key,
                 "--lines", str(lines), "--connections", "4", "--plain", str(text)], check=True, capture_output=True, text=True).stdout)
            client = server.boto3("logs")
            middle = (load["first_ms"] + load["last_ms"]) // 2
            client.put_log_events(logGroupName="bench", logStreamName="s0", logEvents=[{"timestamp": middle, "message": f"one {RARE} here"}])
            with text.open("a") as file:
                file.write(f"one {RARE} here\n")
            put_json(client, lines // 5, middle, objects)
            start = time.monotonic()
            make_streams(server, streams, min(streams, 2_000))
            made_s = time.monotonic() - start
        import duckdb
        base = duckdb.connect()
        base.execute("set threads=2")
        for table, file in (("lines", text), ("objects", objects)):
            base.execute(f"create table {table} as select unnest(string_split(rtrim(content, chr(10)), chr(10))) as message from read_text('{file}')")
        json_condition = '{ $.level = "error" && $.ms >= 1000 }'
        rows = [
            ("rare term", "bench", RARE, text, f"select count(*) from lines where contains(message, '{RARE}')", RARE),
            ("absent term", "bench", "nowhere", text, "select count(*) from lines where contains(message, 'nowhere')", "nowhere"),
            ("rare number", "bench", '" 198.76 "', text, "select count(*) from lines where contains(message, ' 198.76 ')", " 198.76 "),
            ("JSON condition", "json", json_condition, objects,
             "select count(*) from objects where message->>'level' = 'error' and cast(message->>'ms' as int) >= 1000", None),
        ]
        with harness.Server(program, work / "data") as server:
            client = server.boto3("logs")
            print(f"{lines:,} lines, {lines // 5:,} JSON events, {streams:,} streams (made in {made_s:.0f} s), {harness.machine()}")
            for name, group, pattern, file, sql, literal in rows:
                (found, pages), best, median, cpu = timed(server, lambda g=group, p=pattern: search(client, g, p))
                duck, expected = peer_times("DuckDB", lambda q=sql: base.execute(q).fetchone()[0])
                others = [duck]
                if literal is not None:
                    grep, _ = peer_times("grep -F", lambda l=literal, f=file: subprocess.run(["grep", "-cF", l, str(f)], capture_output=True).returncode)
                    others.append(grep)
                beside = ", ".join(f"{peer} {ms:.0f} ms" for peer, ms in others)
                print(f"FilterLogEvents {name:<16} best {best:8.1f}  median {median:8.1f} ms  cpu {cpu:8.1f} ms  {found} events, {pages} pages  "
                      f"{beside}, {min(ms for _, ms in others) / best:.1f}x  {'equal' if found == expected else f'DIFFERS: {expected}'}", flush=True)
            (found, _), best, median, cpu = timed(server, lambda: search(client, "bench", "POST", pages_max=1))
            print(f"FilterLogEvents {'frequent, 1 page':<16} best {best:8.1f}  median {median:8.1f} ms  cpu {cpu:8.1f} ms  {found} events")
            some = [f"a{n:06}" for n in (0, min(streams, 2_000) - 1, streams - 1)]  # The last one is empty where there are many.
            client.create_log_group(logGroupName="one")
            client.create_log_stream(logGroupName="one", logStreamName="s")
            client.put_log_events(logGroupName="one", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000) + n, "message": f"event {n}"} for n in range(10)])
            _, best, median, cpu = timed(server, lambda: client.get_log_events(logGroupName="one", logStreamName="s"))
            print(f"GetLogEvents {'a stream alone':<19} best {best:8.1f}  median {median:8.1f} ms  cpu {cpu:8.1f} ms")
            for stream in some:
                page, best, median, cpu = timed(server, lambda s=stream: client.get_log_events(logGroupName="many", logStreamName=s))
                print(f"GetLogEvents {stream:<19} best {best:8.1f}  median {median:8.1f} ms  cpu {cpu:8.1f} ms  {len(page['events'])} events")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
