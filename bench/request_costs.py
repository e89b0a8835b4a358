# SPDX-License-Identifier: Apache-2.0
"""./dev bench requests: what a small call and each stage of a large one cost. Figures are the server's CPU time, so the
generator beside it does not count."""
import json
import subprocess

import harness

CALLS = 50_000
KINDS = (("json", "JSON call (DescribeLogGroups)"), ("query", "Query call (GetCallerIdentity)"), ("cbor", "CBOR call (ListMetrics)"))


def calls(root, server, *options):
    """Small signed calls over kept connections: (calls per CPU second of the server, calls per second by the clock)."""
    before = server.cpu_seconds()
    report = json.loads(subprocess.run(
        [str(root / "build/release/bench/bench_calls"), "--port", str(server.port), "--access-key", server.access_key, "--secret-key",
         server.secret_key, "--calls", str(CALLS), *options], check=True, capture_output=True, text=True, timeout=300).stdout)
    return report["calls"] / (server.cpu_seconds() - before), report["calls"] / report["seconds"]


def overload(root, data):
    """500 clients that write 1 MB each, again and again, into a server with 128 MiB: rows."""
    with harness.Server(root / "build/release/skywatch", data, ["--memory", str(128 << 20)]) as server:
        logs = server.boto3("logs")
        logs.create_log_group(logGroupName="bench")
        logs.create_log_stream(logGroupName="bench", logStreamName="s")
        report = json.loads(subprocess.run(
            [str(root / "build/release/bench/bench_calls"), "--port", str(server.port), "--access-key", server.access_key, "--secret-key",
             server.secret_key, "--kind", "load", "--calls", "2000", "--connections", "500", "--refusals", "1"], check=True, capture_output=True,
            text=True, timeout=300).stdout)
        return [("500 clients writing 1 MB each into 128 MiB, accepted, p50 / p99", f"{report['p50_ms']:,.0f} / {report['p99_ms']:,.0f} ms",
                 f"{report['calls']:,} accepted, {report['refused']:,} throttled, {report['calls'] * 0.93 / report['seconds']:,.0f} MB/s; peak RSS {server.peak_rss_bytes() / 1e6:.0f} MB")]


def stages(root):
    """Name -> CPU milliseconds a megabyte of body (for `head`: microseconds a request)."""
    report = json.loads(subprocess.run(
        [str(root / "build/release/bench/bench_put_stages"), "--benchmark_format=json", "--benchmark_min_time=0.5"], check=True,
        capture_output=True, text=True, timeout=300).stdout)
    found = {}
    for row in report["benchmarks"]:
        name = row["name"].split("/manual_time")[0]
        found[name] = 1e3 / (row["bytes_per_second"] / 1e6) if "bytes_per_second" in row else 1e6 / row["items_per_second"]
    return found


def measure(root, work):
    """Rows of (what, figure, beside it)."""
    rows = []
    for what, extra in (("HTTP", []), ("HTTPS, TLS 1.3", ["--tls-self-signed"])):
        data = work / what.split(",")[0]
        with harness.Server(root / "build/release/skywatch", data, extra) as server:
            options = ["--ca-bundle", str(data / "tls" / "cert.pem")] if extra else []
            for kind, call in KINDS if not extra else KINDS[:1]:
                a_core, wall = calls(root, server, "--kind", kind, *options)
                rows.append((f"small {call}, SigV4, {what}", f"{a_core / 1e3:,.1f} k calls/s a core",
                             f"{wall / 1e3:,.1f} k/s by the clock, 8 connections, generator beside it"))
    rows += overload(root, work / "overload")
    cost = stages(root)
    tls = cost["receive/1"] - cost["receive/0"]
    body = [("receive from a socket", cost["receive/0"]), ("TLS (AES-GCM) beside that", tls), ("SHA-256 of the body (SigV4)", cost["hash"]),
            ("JSON to events", cost["decode"]), ("rules of the service", cost["admit"]), ("copy and record of the log", cost["encode"])]
    total = sum(ms for _, ms in body)
    for what, ms in body:
        rows.append((f"PutLogEvents, 10,000 seed lines: {what}", f"{ms:.2f} ms/MB", f"{100 * ms / total:.0f} % of {total:.2f} ms/MB"))
    rows.append(("head of a signed call, parsed", f"{cost['head']:.1f} µs", "once a request"))
    return rows
