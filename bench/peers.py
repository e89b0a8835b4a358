# SPDX-License-Identifier: Apache-2.0
"""The engines that people would pick instead, each in a process of its own with two threads, asked the same over the same lines.

As a program: bench/peers.py < JOB, one JSON object {engine, load, queries, runs, directory}; prints {version, load_s, bytes, peak_rss,
results: {name: {best_ms, median_ms, rows}}} or {error}. `load` and `queries` are lists and a table of SQL texts.
"""
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import time

THREADS = 2


def ask(python, job):
    """Runs a job in a fresh process; the figures of one engine must not depend on what another left in memory."""
    done = subprocess.run([str(python), __file__], input=json.dumps(job), capture_output=True, text=True)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


class DuckDb:
    def __init__(self, directory):
        import duckdb
        self.version = f"DuckDB {duckdb.__version__}"
        self._base = duckdb.connect(str(pathlib.Path(directory) / "peer.duckdb"))
        self._base.execute(f"set threads={THREADS}")

    def run(self, sql):
        result = self._base.execute(sql)
        return [list(row) for row in result.fetchall()] if result.description else []

    def settle(self):
        self._base.execute("checkpoint")


class ClickHouse:
    def __init__(self, directory):
        from chdb import session
        self._session = session.Session(str(pathlib.Path(directory) / "clickhouse"))
        self.version = "ClickHouse " + self.run("select version()")[0][0]
        self.run("create database if not exists bench")
        self.run("use bench")

    def run(self, sql):
        if not sql.lstrip().lower().startswith("select"):
            self._session.query(f"set max_threads={THREADS}")
            self._session.query(sql)
            return []
        settings = f" settings max_threads={THREADS}, use_query_condition_cache=0, use_query_cache=0"
        return json.loads("[" + ",".join(str(self._session.query(sql + settings, "JSONCompactEachRow")).split("\n")[:-1]) + "]")

    def settle(self):
        for (table,) in self.run("select name from system.tables where database = 'bench'"):
            self.run(f"optimize table {table} final")


def main():
    job = json.load(sys.stdin)
    engine = {"duckdb": DuckDb, "clickhouse": ClickHouse}[job["engine"]](job["directory"])
    start = time.monotonic()
    for sql in job["load"]:
        engine.run(sql)
    load_s = time.monotonic() - start
    engine.settle()
    results = {}
    for name, sql in job["queries"].items():
        took, rows = [], None
        for _ in range(job["runs"]):
            start = time.monotonic()
            rows = engine.run(sql)
            took.append((time.monotonic() - start) * 1e3)
        results[name] = {"best_ms": min(took), "median_ms": statistics.median(took), "rows": rows}
    size = sum(f.stat().st_size for f in pathlib.Path(job["directory"]).rglob("*") if f.is_file())
    print(json.dumps({"version": engine.version, "load_s": load_s, "bytes": size,
                      "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "results": results}, default=str))


def timed_command(command, runs):
    """A program that reads the text itself, one thread: (best ms, its output)."""
    took = []
    for _ in range(runs):
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        took.append((time.monotonic() - start) * 1e3)
        if done.returncode not in (0, 1):  # 1: nothing found.
            raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
    return min(took), done.stdout


def zstd_bytes(text, level):
    done = subprocess.run(["zstd", f"-{level}", "-T2", "-c", str(text)], check=True, stdout=subprocess.PIPE)
    return len(done.stdout)


if __name__ == "__main__":
    main()
