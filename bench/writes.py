# SPDX-License-Identifier: Apache-2.0
"""./dev bench ingest and disk: what an acknowledged event costs, how long an ack takes, what it leaves on the disk, how soon a killed
server answers again."""
import json
import os
import shutil
import signal
import subprocess
import time

import datasets
import harness
import peers
import questions


def _server(root, directory, *extra):
    return harness.Server(root / "build/release/skywatch", directory, extra)


def ingest(root, python, work, lines, log):
    """Rows of (what, figure, beside it)."""
    rows = []
    data = work / "ingest"
    text = work / "ingest.json"
    with _server(root, data) as server:
        rows.append(("RSS, idle", f"{server.rss_bytes() / 1e6:.0f} MB", "floor 60 MB"))
        before = server.cpu_seconds()
        load = datasets.send(root, server, "s1", lines, text=text)
        cpu = server.cpu_seconds() - before
        rows.append(("durable ingest, HTTP + SigV4, 10,000-event batches", f"{lines / cpu / 1e6:.2f} M events/s a core",
                     f"floor 2 M; {lines / load['seconds'] / 1e6:.2f} M/s by the clock, the generator beside it"))
        rows.append(("CPU of a durable event", f"{cpu / lines * 1e6:.2f} µs", "VictoriaLogs, undurable, other machine: 1.65 µs"))
        rows.append(("ack of a full batch, 4 connections at full speed, p50 / p99", f"{load['ack_p50_ms']:.1f} / {load['ack_p99_ms']:.1f} ms", ""))
        rows.append(("RSS, peak while ingesting", f"{server.peak_rss_bytes() / 1e6:.0f} MB", "floor 1 GiB"))
        idle = datasets.send(root, server, "s1", 600_000, group="idle", connections=1, rate=200_000)
        rows.append(("ack of a full batch, one connection, 200 k events/s, p50 / p99", f"{idle['ack_p50_ms']:.1f} / {idle['ack_p99_ms']:.1f} ms", "floor p99 10 ms"))
    log(f"ingest: S1 done, {lines / load['seconds'] / 1e6:.2f} M events/s")
    peer = work / "peer"
    peer.mkdir()
    theirs = peers.ask(python, {"engine": "clickhouse", "directory": str(peer), "runs": 0, "queries": {},
                                "load": [s.format(text=text) for s in questions.LOAD_S1["clickhouse raw"]]})
    shutil.rmtree(peer)
    if "load_s" in theirs:
        rows.append((f"{theirs['version']}, undurable insert of the same rows from a file", f"{theirs['load_s']:.2f} s",
                     f"ours, durable: {load['seconds']:.2f} s, {theirs['load_s'] / load['seconds']:.1f}x; floor 1x"))
    text.unlink()
    shutil.rmtree(data)

    with _server(root, data) as server:
        logs = server.boto3("logs")
        logs.create_log_group(logGroupName="bench")
        logs.create_log_stream(logGroupName="bench", logStreamName="s")
        report = json.loads(subprocess.run(
            [str(root / "build/release/bench/bench_calls"), "--port", str(server.port), "--access-key", server.access_key, "--secret-key",
             server.secret_key, "--kind", "put", "--calls", "100000", "--connections", "64"], check=True, capture_output=True, text=True, timeout=300).stdout)
        rows.append(("requests with one event each, durable, 64 connections", f"{report['calls'] / report['seconds']:,.0f} a second",
                     f"floor 20,000; ack p50 / p99 {report['p50_ms']:.1f} / {report['p99_ms']:.1f} ms"))
    shutil.rmtree(data)

    if datasets.available("r2"):
        with _server(root, data) as server:
            text = work / "r2.json"
            load = datasets.send(root, server, datasets.source("r2", work), 0, text=text)
            peer.mkdir()
            theirs = peers.ask(python, {"engine": "clickhouse", "directory": str(peer), "runs": 0, "queries": {},
                                        "load": [s.format(text=text) for s in questions.LOAD_R2["clickhouse JSON"]]})
            shutil.rmtree(peer)
            text.unlink()
            beside = f"ClickHouse's JSON type {load['bytes'] / theirs['load_s'] / 1e6:.0f} MB/s, {theirs['load_s'] / load['seconds']:.1f}x; floor 2x" if "load_s" in theirs else theirs["error"]
            rows.append(("JSON ingest (R2)", f"{load['bytes'] / load['seconds'] / 1e6:.0f} MB/s", beside))
        shutil.rmtree(data)
    rows += restart(root, work, log)
    return rows


def restart(root, work, log):
    """The server is killed with a full log; how long until it answers."""
    data = work / "killed"
    with _server(root, data) as server:
        datasets.send(root, server, "s1", 3_000_000)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
    wal = sum(f.stat().st_size for f in (data / "wal").iterdir())
    start = time.monotonic()
    with _server(root, data) as server:
        took = time.monotonic() - start
        answer = harness.query(server.boto3("logs"), "bench", "stats count(*) as n", 0, int(time.time()) + 1)
        found = answer["results"][0][0]["value"]
    shutil.rmtree(data)
    log(f"restart after a kill: {took:.2f} s, {found} events")
    return [("restart after kill -9 under load", f"{took:.2f} s", f"floor 3 s; log of {wal / 1e6:.0f} MB; {int(float(found)):,} of 3,000,000 acknowledged events there")]


def disk(root, work, lines, log):
    rows = []
    for name, copies, floor in (("s1", 1, "floor 5.1, aim 3.2"), ("s2", 1, ""), ("r1", 1, "floor 1.2x"), ("r2", 1, "floor 1.2x"), ("r3", 100, "floor 1.2x")):
        if not datasets.available(name):
            rows.append((f"disk, {name.upper()}", "not measured", "the file is not here"))
            continue
        data, plain = work / "disk", work / "disk.txt"
        count = lines if name in ("s1", "s2") else 0 if copies == 1 else copies * 10_000
        with _server(root, data) as server:
            load = datasets.send(root, server, datasets.source(name, work), count, plain=plain)
            written, stays = (server.metric(f"skywatch_store_segment_bytes{end}") for end in ("_written_total", ""))
        size = sum(f.stat().st_size for f in (data / "segments").rglob("*") if f.is_file())
        nine = peers.zstd_bytes(plain, 9)
        what = f"disk, {name.upper()}{'' if copies == 1 else f' x {copies}'}, {load['lines']:,} lines, everything counted"
        rows.append((what, f"{size / load['lines']:.2f} B a line", f"{size / nine:.2f}x zstd -9 of the messages alone ({nine / load['lines']:.2f}); {floor}"))
        log(f"{what}: {size / load['lines']:.2f} B a line, {size / nine:.2f}x zstd -9")
        if name == "s1":
            rows.append(("written to segments for what stays of S1", f"{written / max(stays, 1):.2f}x", "floor 2x; small groups: soak"))
        plain.unlink()
        shutil.rmtree(data)
    return rows
