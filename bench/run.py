#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./dev bench [NAME]: the floors of the main job, measured beside their peers in one run on this machine.

Starts a release server on a fresh directory, loads seed lines (set S1) through signed PutLogEvents calls, asks the seed's
query through StartQuery, and asks DuckDB the same over the same text. Results are checked equal before a ratio is printed.
Never run in the test suite: a figure is not a test.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import harness  # noqa: E402
import request_costs  # noqa: E402

Q1 = ("@message\n| PARSE @message \"[*] * * * *\" as logger, method, view, duration, status_code\n"
      "| STATS avg(duration) as avg_duration by method, view, status_code, bin(30s)")
Q1W = Q1 + "\n| stats count(*) as n, sum(avg_duration) as s"
IDLE_LINES = 1_000_000
DUCK_GLOB = r"'\[(.*?)\] (.*?) (.*?) (.*?) (.*)', ['logger', 'method', 'view', 'duration', 'status_code']"
DUCK_Q1W = f"""select count(*) n, sum(a) s from (
  select avg(cast(g.duration as double)) a from (
    select ts, regexp_extract(message, {DUCK_GLOB}) g from lines)
  group by g.method, g.view, g.status_code, ts // 30000)"""


def measure_ingest(server, lines, out):
    """The load generator signs and sends; the figure is the server's own CPU time."""
    before, start = server.cpu_seconds(), time.monotonic()
    report = json.loads(subprocess.run(
        [str(ROOT / "build/release/bench/bench_load"), "--port", str(server.port), "--access-key", server.access_key,
         "--secret-key", server.secret_key, "--lines", str(lines), "--connections", "4", "--text", str(out)],
        check=True, capture_output=True, text=True).stdout)
    report["server_cpu_s"] = server.cpu_seconds() - before
    report["wall_s"] = time.monotonic() - start
    return report


def best_and_median(samples):
    return min(samples), statistics.median(samples)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("name", nargs="?", default="main", choices=["main", "quick", "requests"])
    parser.add_argument("--lines", type=int)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    lines = arguments.lines or (10_000_000 if arguments.name == "main" else 500_000)

    subprocess.run(["./dev", "internal-build", "release", "skywatch"], cwd=ROOT, check=True)
    subprocess.run(["cmake", "--preset", "release", "-DSKY_BENCH=ON"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", "build/release", "bench_load"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    if arguments.name == "requests":
        return measure_requests()

    rows = []
    work = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-bench-"))
    try:
        with harness.Server(ROOT / "build/release/skywatch", work / "data") as server:
            idle_rss = server.rss_bytes()
            text = work / "lines.tsv"
            print(f"loading {lines:,} seed lines …", file=sys.stderr)
            load = measure_ingest(server, lines, text)
            rows.append(("idle RSS", f"{idle_rss / 1e6:.0f} MB", "floor 60 MB"))
            rows.append(("durable ingest, HTTP + SigV4, 10,000-event batches",
                         f"{lines / load['server_cpu_s'] / 1e3:,.0f} k events/s per core",
                         f"floor 400 k; {lines / load['seconds'] / 1e3:,.0f} k/s wall with the generator beside it"))
            rows.append(("ack of a full batch, p50 / p99", f"{load['ack_p50_ms']:.1f} / {load['ack_p99_ms']:.1f} ms", "floor p99 10 ms; 4 connections"))
            idle = measure_ingest_idle(server)
            rows.append(("ack of a full batch, one connection, p50 / p99", f"{idle['ack_p50_ms']:.1f} / {idle['ack_p99_ms']:.1f} ms", "floor p99 10 ms"))
            rows.append(("peak RSS while ingesting", f"{server.peak_rss_bytes() / 1e6:.0f} MB", "budget 1 GiB"))

            client = server.boto3("logs")
            ours, answer = [], None
            for _ in range(arguments.runs):
                start = time.monotonic()
                answer = harness.query(client, "bench", Q1W, load["first_ms"] // 1000, load["last_ms"] // 1000)
                ours.append(time.monotonic() - start)
            n, s = (float(next(c["value"] for c in answer["results"][0] if c["field"] == f)) for f in ("n", "s"))
            scanned = answer["statistics"]["recordsScanned"]

        # Stopping seals everything: what lies there now is all there is.
        rows.append(("segment bytes a row, all columns", f"{server.segment_bytes() / (lines + IDLE_LINES):.2f}", "families and typed columns"))
        import duckdb  # The peer; pinned in tools/requirements.txt.
        base = duckdb.connect(str(work / "peer.duckdb"))
        base.execute("set threads=2")
        base.execute(f"create table lines as select * from read_csv('{text}', delim='\t', header=false, quote='', escape='', "
                     "columns={'ts': 'bigint', 'message': 'varchar'})")
        theirs = []
        for _ in range(min(arguments.runs, 3)):
            start = time.monotonic()
            peer_n, peer_s = base.execute(DUCK_Q1W).fetchone()
            theirs.append(time.monotonic() - start)
        equal = n == peer_n and abs(s - peer_s) <= 1e-6 * abs(peer_s) and scanned == lines
        best_ours, median_ours = best_and_median(ours)
        best_theirs, median_theirs = best_and_median(theirs)
        rows.append((f"Q1w over {lines:,} lines, best / median", f"{best_ours * 1e3:,.0f} / {median_ours * 1e3:,.0f} ms", f"{int(n):,} groups, recordsScanned {scanned:,.0f}"))
        rows.append((f"DuckDB {duckdb.__version__} regexp_extract, 2 threads", f"{best_theirs * 1e3:,.0f} / {median_theirs * 1e3:,.0f} ms", "same text, same question"))
        rows.append(("DuckDB / skywatch, medians", f"{median_theirs / median_ours:.2f}x", "floor 1x; results " + ("equal" if equal else f"DIFFER: {n} {s} against {peer_n} {peer_s}")))
    finally:
        shutil.rmtree(work, ignore_errors=True)

    print_table(rows)
    page = ["# Benchmarks", "", f"`./dev bench`, {lines:,} seed lines, {harness.machine()}. Ratios count, single figures vary by a third from run to run.", "",
            "| what | figure | beside it |", "|---|---|---|"] + [f"| {a} | {b} | {c} |" for a, b, c in rows]
    if arguments.name == "main":
        (ROOT / "docs" / "benchmarks.md").write_text("\n".join(page) + "\n")
    return 0 if equal else 1


def print_table(rows):
    widths = [max(len(r[i]) for r in rows) for i in range(3)]
    print("\n".join(f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c}" for a, b, c in rows))


def measure_requests():
    subprocess.run(["ninja", "-C", "build/release", "bench_calls", "bench_put_stages"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    work = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-bench-"))
    try:
        rows = request_costs.measure(ROOT, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print_table(rows)
    page = ["# Benchmarks: requests", "", f"`./dev bench requests`, {harness.machine()}, CPU time of the server. Single figures vary by a third from run to run.", "",
            "| what | figure | beside it |", "|---|---|---|"] + [f"| {a} | {b} | {c} |" for a, b, c in rows]
    (ROOT / "docs" / "benchmarks-requests.md").write_text("\n".join(page) + "\n")
    return 0


def measure_ingest_idle(server):
    return json.loads(subprocess.run(
        [str(ROOT / "build/release/bench/bench_load"), "--port", str(server.port), "--access-key", server.access_key,
         "--secret-key", server.secret_key, "--lines", str(IDLE_LINES), "--connections", "1", "--group", "idle", "--pause-ms", "5"],
        check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    sys.exit(main())
