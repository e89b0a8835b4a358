# SPDX-License-Identifier: Apache-2.0
"""./dev bench groups: 10,000 log groups of 10 streams each, half of their events days late: memory, what is written for what stays, and how
soon the server answers again after a kill -9."""
import json
import os
import shutil
import signal
import subprocess
import time

import harness

GROUPS, STREAMS, EVENTS = 10_000, 10, 10


def _make(root, server, **flags):
    command = [str(root / "build/release/bench/bench_many_groups"), "--port", str(server.port), "--access-key", server.access_key, "--secret-key", server.secret_key]
    for flag, value in flags.items():
        command += [f"--{flag}", str(value)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=3_600).stdout)


def measure(root, work, log):
    """Rows of (what, figure, beside it)."""
    data, program = work / "groups", root / "build/release/skywatch"
    rows = []
    with harness.Server(program, data) as server:
        made = _make(root, server, groups=GROUPS, streams=STREAMS, events=EVENTS)
        log(f"groups: made in {made['seconds']:.0f} s")
        rows.append((f"{made['groups']:,} groups, {made['streams']:,} streams, {made['events']:,} events, made one by one", f"{made['seconds']:.0f} s", "8 connections, each thing durable before its answer"))
        rows.append(("RSS then; its peak", f"{server.rss_bytes() / 1e6:.0f}; {server.peak_rss_bytes() / 1e6:.0f} MB", "floor 1 GiB, aim 768 MB"))
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
    log_bytes = sum(f.stat().st_size for f in (data / "wal").iterdir())
    begin = time.monotonic()
    with harness.Server(program, data) as server:
        took = time.monotonic() - begin
        found = _count(server)
        rows.append(("restart after kill -9, all of that in the log", f"{took:.2f} s", f"floor 5 s, aim 2 s; log of {log_bytes / 1e6:.0f} MB; {found:,} of {made['events']:,} acknowledged events there"))
        log(f"groups: restart {took:.2f} s, {found:,} events")
    with harness.Server(program, data) as server:
        begin = time.monotonic()
    rows.append(("orderly stop and start", f"{time.monotonic() - begin:.2f} s to stop", ""))
    shutil.rmtree(data)
    return rows


def _count(server):
    client = server.boto3("logs")
    found = 0
    for first in range(0, GROUPS, 50):
        query = client.start_query(logGroupNames=[f"/aws/lambda/function-{i}" for i in range(first, first + 50)], startTime=int(time.time()) - 15 * 86_400,
                                   endTime=int(time.time()) + 60, queryString="stats count(*) as n")["queryId"]
        while (answer := client.get_query_results(queryId=query))["status"] in ("Scheduled", "Running"):
            time.sleep(0.002)
        found += int(float(answer["results"][0][0]["value"]))
    return found
