# SPDX-License-Identifier: Apache-2.0
"""./dev bench [PART …]: skywatch beside the engines that people would pick instead, in one run on this machine.

Parts: ingest, query, disk (all three without a name; they write docs/benchmarks.md together), requests (docs/benchmarks-requests.md), soak (prints alone).
Every answer is compared with every peer's before a ratio is printed. Never run in the test suite: a figure is not a test.
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
import datasets  # noqa: E402
import harness  # noqa: E402
import questions  # noqa: E402
import request_costs  # noqa: E402
import soak  # noqa: E402
import writes  # noqa: E402

PARTS = ("ingest", "query", "disk", "requests", "soak")
WHOLE = PARTS[:3]
LINES = 10_000_000


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="ingest, query, disk, requests, soak (default: the first three)")
    parser.add_argument("--lines", type=int, default=LINES, help="of the sets S1 and S2 (default 10,000,000)")
    parser.add_argument("--runs", type=int, default=5, help="of each query (default 5)")
    parser.add_argument("--seconds", type=int, default=1_800, help="of the soak (default 1,800)")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    parts = arguments.parts or list(WHOLE)
    start = time.monotonic()

    def log(text):
        print(f"{time.monotonic() - start:6.0f} s  {text}", file=sys.stderr, flush=True)

    subprocess.run(["cmake", "--preset", "release", "-DSKY_BENCH=ON"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", "build/release", "skywatch", "bench_load", "bench_calls", "bench_put_stages", "bench_soak"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    work = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-bench-"))
    tables, notes, failed = [], [], False
    try:
        if "requests" in parts:
            write_page("benchmarks-requests.md", "# Benchmarks: requests", "`./dev bench requests`", [("", ("what", "figure", "beside it"), request_costs.measure(ROOT, work))],
                       ["CPU time of the server."])
        if "ingest" in parts:
            tables.append(("Writing", ("what", "figure", "beside it"), writes.ingest(ROOT, sys.executable, work, arguments.lines, log)))
        if "query" in parts:
            failed = measure_queries(arguments, work, tables, notes, log)
        if "disk" in parts:
            tables.append(("Disk", ("what", "figure", "beside it"), writes.disk(ROOT, work, arguments.lines, log)))
        if "soak" in parts:
            rows, broken = soak.measure(ROOT, work, arguments.seconds, log)
            failed = failed or broken
            tables.append(("Everything at once", ("what", "figure", "beside it"), rows))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if tables:
        whole = parts == list(WHOLE) and arguments.lines == LINES  # Figures of less do not become the page.
        write_page("benchmarks.md" if whole else None, "# Benchmarks", f"`./dev bench{'' if whole else ' ' + ' '.join(parts)}`, {arguments.lines:,} lines of S1 and S2", tables, notes)
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
    notes.append("Peers: " + (", ".join(sorted(set(versions.values()))) or "none could be loaded") + ", two threads each, ripgrep one. Ours: from StartQuery to the last byte of GetQueryResults, signed; nothing is kept from run to run but for the dashboard.")
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
