#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Query times over settled seed lines (set S1), through the API, beside DuckDB over the same text; results compared.

Usage: bench/queries.py PROGRAM LOADER [LINES] [RUNS]. PROGRAM is a release build of skywatch, LOADER its bench_load. The
server is restarted after loading, so that every line is read from sealed segments. Each figure is end to end: from
StartQuery to the answer that says Complete. CPU is the server's own, user and system.
"""
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import harness
import run

PARSE = 'parse @message "[*] * * * *" as logger, method, view, duration, status_code | '
QUERIES = [
    ("Q1w", PARSE + "stats avg(duration) as a by method, view, status_code, bin(30s) | stats count(*) as n, sum(a) as s",
     run.DUCK_Q1W),
    ("Q3 rare number, newest 20", 'filter @message like " 198.76 " | fields @message | limit 20', None),
    ("Q4 frequent literal, count", 'filter @message like " POST " | stats count(*) as n',
     "select count(*) n from lines where contains(message, ' POST ')"),
    ("Q5 regex with a literal", "filter @message =~ /user.*list/ | stats count(*) as n",
     "select count(*) n from lines where regexp_matches(message, 'user.*list')"),
    ("Q6 regex without one", "filter @message =~ /[0-9]{3}\\.[0-9]+ 50[0-9]/ | stats count(*) as n",
     "select count(*) n from lines where regexp_matches(message, '[0-9]{3}\\.[0-9]+ 50[0-9]')"),
    ("Q7 three percentiles by view", PARSE + "stats pct(duration, 50), pct(duration, 95), pct(duration, 99) by view | stats count(*) as n", None),
    ("Q8 top 10 by distinct durations", PARSE + "stats count_distinct(duration) as d by view | sort d desc | limit 10", None),
    ("an absent word, count", 'filter @message like "nowhere" | stats count(*) as n',
     "select count(*) n from lines where contains(message, 'nowhere')"),
    ("count(*) of everything", "stats count(*) as n", "select count(*) n from lines"),
]


def main():
    program, loader = sys.argv[1:3]
    lines = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    work = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-bench-"))
    failed = False
    try:
        text = work / "lines.tsv"
        with harness.Server(program, work / "data") as server:
            load = json.loads(subprocess.run(
                [loader, "--port", str(server.port), "--access-key", server.access_key, "--secret-key", server.secret_key,
                 "--lines", str(lines), "--connections", "4", "--text", str(text)], check=True, capture_output=True, text=True).stdout)
        import duckdb  # The peer; pinned in tools/requirements.txt.
        base = duckdb.connect()
        base.execute("set threads=2")
        base.execute(f"create table lines as select * from read_csv('{text}', delim='\t', header=false, quote='', escape='', "
                     "columns={'ts': 'bigint', 'message': 'varchar'})")
        with harness.Server(program, work / "data") as server:
            client = server.boto3("logs")
            print(f"{lines:,} lines, {server.segment_bytes() / lines:.2f} segment bytes a line, {harness.machine()}")
            for name, query, peer in QUERIES:
                wall, answer = [], None
                before = server.cpu_seconds()
                for _ in range(runs):
                    start = time.monotonic()
                    answer = harness.query(client, "bench", query, load["first_ms"] // 1000, load["last_ms"] // 1000, poll_s=0.001)
                    wall.append((time.monotonic() - start) * 1e3)
                cpu = (server.cpu_seconds() - before) * 1e3 / runs
                ours = {c["field"]: c["value"] for c in answer["results"][0]} if answer["results"] else {}
                line = f"{name:<34} best {min(wall):8.1f}  median {statistics.median(wall):8.1f} ms  cpu {cpu:8.1f} ms"
                if peer:
                    times, row = [], None
                    for _ in range(min(runs, 3)):
                        start = time.monotonic()
                        row = base.execute(peer).fetchone()
                        times.append((time.monotonic() - start) * 1e3)
                    fields = [d[0] for d in base.description]
                    # Without a matching event `stats` answers no row at all.
                    equal = all(abs(float(ours.get(f, 0)) - v) <= 1e-6 * max(1, abs(v)) for f, v in zip(fields, row))
                    failed = failed or not equal
                    line += f"  DuckDB best {min(times):8.1f} ms ({min(times) / min(wall):.1f}x)  {'equal' if equal else 'DIFFERS'}"
                print(line, flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
