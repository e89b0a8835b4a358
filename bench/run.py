# SPDX-License-Identifier: Apache-2.0
"""./dev bench [PART …]: skywatch beside the engines that people would pick instead, in one run on this machine.

Parts, by the page that they fill when all of its parts are run at full length:
  ingest, query, disk    docs/benchmarks.md; what is run when no part is named
  groups, soak, crash    docs/benchmarks-endurance.md; more than an hour
  requests               docs/benchmarks-requests.md
  micro                  no page
`all` stands for all of them. Every answer is compared with every peer's before a ratio is printed. Never run in the test suite: a figure is
not a test.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import answers  # noqa: E402
import crash  # noqa: E402
import datasets  # noqa: E402
import groups  # noqa: E402
import harness  # noqa: E402
import micro  # noqa: E402
import questions  # noqa: E402
import request_costs  # noqa: E402
import soak  # noqa: E402
import writes  # noqa: E402

LINES, SECONDS, SEEDS, ROUNDS = 10_000_000, 1_800, 10_000, 1_000
FIGURE = ("what", "figure", "beside it")


class Run:
    """One run of the harness: the parts are its methods, which return tables (heading, columns, rows). `failed`: something did not hold."""

    def __init__(self, arguments, work, log):
        self.arguments, self.work, self.log = arguments, work, log
        self.notes, self.failed = [], False

    def ingest(self):
        return [("Writing", FIGURE, writes.ingest(ROOT, sys.executable, self.work, self.arguments.lines, self.log))]

    def query(self):
        tables = []
        self.failed |= measure_queries(self.arguments, self.work, tables, self.notes, self.log)
        return tables

    def disk(self):
        return [("Disk", FIGURE, writes.disk(ROOT, self.work, self.arguments.lines, self.log))]

    def requests(self):
        return [("Calls and stages, CPU time of the server", FIGURE, request_costs.measure(ROOT, self.work))]

    def groups(self):
        return [("Many log groups", FIGURE, groups.measure(ROOT, self.work, self.log))]

    def soak(self):
        rows, broken = soak.measure(ROOT, self.work, self.arguments.seconds, self.log)
        self.failed |= broken
        return [("Everything at once", FIGURE, rows)]

    def crash(self):
        rows, broken = crash.measure(ROOT, self.arguments.seeds, self.arguments.rounds, self.log)
        self.failed |= broken
        return [("Cut off", ("what", "how often", "what came of it"), rows)]

    def micro(self):
        return [("Inner loops", ("loop", "CPU of a turn", "rate", "program"), micro.measure(ROOT, self.log))]


PAGES = {("ingest", "query", "disk"): ("benchmarks.md", "# Benchmarks"),
         ("groups", "soak", "crash"): ("benchmarks-endurance.md", "# Benchmarks: many groups, long runs, cut off"),
         ("requests",): ("benchmarks-requests.md", "# Benchmarks: requests"), ("micro",): (None, "")}
PARTS = [part for page in PAGES for part in page]


def arguments_of(line):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", default=["ingest", "query", "disk"], help=", ".join(PARTS) + ", all")
    parser.add_argument("--lines", type=int, default=LINES, help=f"of the sets S1 and S2 (default {LINES:,})")
    parser.add_argument("--runs", type=int, default=5, help="of each query (default 5)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"of the soak (default {SECONDS:,})")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"of the simulated power losses (default {SEEDS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of kill -9 (default {ROUNDS:,})")
    arguments = parser.parse_args(line)
    if unknown := set(arguments.parts) - {*PARTS, "all"}:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}, all")
    return arguments


def main():
    arguments = arguments_of(None)
    wanted = set(PARTS if "all" in arguments.parts else arguments.parts)
    # Figures of less do not become a page.
    full = (arguments.lines, arguments.seconds, arguments.seeds, arguments.rounds) == (LINES, SECONDS, SEEDS, ROUNDS)
    start = time.monotonic()

    def log(text):
        print(f"{time.monotonic() - start:6.0f} s  {text}", file=sys.stderr, flush=True)

    subprocess.run(["cmake", "--preset", "release", "-DSKY_BENCH=ON"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", "build/release", "skywatch", "bench_load", "bench_calls", "bench_soak", "bench_many_groups", *micro.targets()], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    failed = False
    for page, (file, title) in PAGES.items():
        parts = [part for part in page if part in wanted]
        if not parts:
            continue
        with tempfile.TemporaryDirectory(prefix="skywatch-bench-") as work:
            run = Run(arguments, pathlib.Path(work), log)
            tables = [table for part in parts for table in getattr(run, part)()]
        failed |= run.failed
        made_by = "`./dev bench" + ("" if page == tuple(arguments_of([]).parts) else " " + " ".join(parts)) + "`"
        if "query" in parts or "ingest" in parts:
            made_by += f", {arguments.lines:,} lines of S1 and S2"
        write_page(file if full and parts == list(page) else None, title, made_by, tables, run.notes)
    return 1 if failed else 0


def measure_queries(arguments, work, tables, notes, log):
    columns = ("question", "ours, best / median", "our CPU", "peers' best (theirs / ours)")
    failed, versions, first = False, {}, None
    sets = (("s1", questions.S1, questions.LOAD_S1, "S1, seed lines"), ("s2", [questions.Q1W], {}, "S2, the same made messy"),
            ("r1", answers.r1_questions, questions.LOAD_TEXT, "R1, services with trace ids"), ("r2", questions.R2, questions.LOAD_R2, "R2, JSON events"))
    for name, asked, loads, title in sets:
        if not datasets.available(name):
            notes.append(f"{name.upper()} is not here; its questions were not asked.")
            continue
        lines = arguments.lines if name in ("s1", "s2") else 0
        rows, report = answers.measure_set(ROOT, sys.executable, work, name, asked, loads, lines, arguments.runs, log)
        failed = failed or report["failed"]
        versions |= report["versions"]
        size = f"{report['load']['lines']:,} lines, ours {report['bytes'] / report['load']['lines']:.2f} B a line"
        size += "".join(f", {peer} {count / report['load']['lines']:.2f}" for peer, count in report["peer_bytes"].items())
        tables.append((f"{title}: {size}; our peak RSS {report['peak_rss'] / 1e6:.0f} MB", columns, rows))
        if name == "s1":
            first = float(rows[0][1].split(" ")[0].replace(",", ""))
        if name == "s2" and first:
            rows[0] = (*rows[0][:3], f"{float(rows[0][1].split(' ')[0].replace(',', '')) / first:.2f}x the time of S1; floor 3x")
        shutil.rmtree(work / name)
    median, p50, p99 = answers.dashboard(ROOT, work, arguments.lines, log)
    tables.append(("A dashboard of 12 panels, refreshed while 50,000 events a second come in", ("what", "figure", "beside it"),
                   [("Q12 one refresh, all panels answered, median", f"{median:.0f} ms", "floor 50 ms"),
                    ("ack of a full batch meanwhile, p50 / p99", f"{p50:.1f} / {p99:.1f} ms", "floor p99 10 ms")]))
    notes.append("Peers: " + (", ".join(sorted(set(versions.values()))) or "none could be loaded") + ", two threads each, ripgrep one. Ours: from StartQuery to the last byte of GetQueryResults, signed; no rows and no groups are kept from run to run but for the dashboard; families and descriptors of opened segments are.")
    return failed


def write_page(file, title, made_by, tables, notes):
    """Prints the tables aligned, and writes them into docs/ when `file` says so."""
    page = [title, "", f"{made_by}, {harness.machine()}. Ratios count, single figures vary by a third from run to run.", *(f"\n{note}" for note in notes)]
    print(*notes, sep="\n")
    for heading, columns, rows in tables:
        if heading:
            page += ["", f"## {heading}"]
            print(f"\n{heading}")
        widths = [max(len(str(row[i])) for row in [columns, *rows]) for i in range(len(columns))]
        for row in [columns, *rows]:
            print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip())
        page += ["", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns), *("| " + " | ".join(row) + " |" for row in rows)]
    if file:
        (ROOT / "docs" / file).write_text("\n".join(page) + "\n")


if __name__ == "__main__":
    sys.exit(main())
