# SPDX-License-Identifier: Apache-2.0
"""./dev bench query: the questions of questions.py to skywatch and to every peer, answers compared, times as ratios."""
import json
import pathlib
import shutil
import statistics
import subprocess
import time

import datasets
import harness
import peers
import questions


def number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def same(ours, theirs):
    """Whether two tables hold the same: numbers to a millionth, texts exactly."""
    if len(ours) != len(theirs):
        return False
    for mine, other in zip(ours, theirs):
        if len(mine) != len(other):
            return False
        for a, b in zip(mine, other):
            x, y = number(a), number(b)
            if x is not None and y is not None:
                if abs(x - y) > 1e-6 * max(1, abs(y)):
                    return False
            elif str(a) != str(b):
                return False
    return True


def rows_of(answer):
    return [[cell["value"] for cell in row if cell["field"] != "@ptr"] for row in answer["results"]]


def ask_ours(server, client, load, question, runs):
    """(best ms, median ms, CPU ms of the server a run, rows, statistics)"""
    first = load["first_ms"] // 1000
    if question.newest_s:
        first = load["last_ms"] // 1000 - question.newest_s
    took, answer, before = [], None, server.cpu_seconds()
    for _ in range(runs):
        start = time.monotonic()
        answer = harness.query(client, "bench", question.ours, first, load["last_ms"] // 1000 + 1, poll_s=0.0005)
        took.append((time.monotonic() - start) * 1e3)
    return min(took), statistics.median(took), (server.cpu_seconds() - before) * 1e3 / runs, rows_of(answer), answer["statistics"]


def compare(ours, theirs, question):
    rows = theirs["rows"]
    if not ours and rows == [[0]]:
        return "equal"  # Without a matching event `stats` answers no row at all.
    if not question.ordered:
        ours, rows = sorted(ours, key=str), sorted(rows, key=str)
    return "equal" if same(ours, rows) else "DIFFERS"


def measure_set(root, python, work, name, asked, loads, lines, runs, log):
    """Rows of (question, ours, CPU, peer columns …) of one data set; also the load's report and the bytes a line."""
    directory = work / name
    text, plain = directory / "lines.json", directory / "lines.txt"
    directory.mkdir()
    program = root / "build/release/skywatch"
    with harness.Server(program, directory / "data") as server:
        load = datasets.send(root, server, datasets.source(name, work), lines, text=text, plain=plain)
    out = []
    ours = {}
    with harness.Server(program, directory / "data", ("--query-cache", "0")) as server:  # Each run does all of its work.
        client = server.boto3("logs")
        for question in asked(plain) if callable(asked) else asked:
            ours[question] = ask_ours(server, client, load, question, runs)
            log(f"{name}: {question.name}: {ours[question][0]:.1f} ms")
        size, peak = server.segment_bytes(), server.peak_rss_bytes()
    answers, versions = {}, {}
    for peer, statements in loads.items():
        where = directory / "peer"
        where.mkdir()
        engine = peer.split(" ")[0]
        job = {"engine": engine, "directory": str(where), "runs": min(runs, 3), "load": [s.format(text=text) for s in statements],
               "queries": {q.name: q.sql[peer].format(from_ms=(load["last_ms"] // 1000 - q.newest_s) * 1000) if q.newest_s else q.sql[peer] for q in ours if peer in q.sql}}
        answers[peer] = peers.ask(python, job)
        if "error" in answers[peer]:
            log(f"{name}: {peer}: {answers[peer]['error']}")
        else:
            versions[peer] = answers[peer]["version"]
            log(f"{name}: {peer}: loaded in {answers[peer]['load_s']:.1f} s, {answers[peer]['bytes'] / load['lines']:.2f} B a line")
        shutil.rmtree(where)
    failed = False
    for question, (best, median, cpu, rows, statistic) in ours.items():
        beside = []
        for peer, answer in answers.items():
            theirs = answer.get("results", {}).get(question.name)
            if theirs is None:
                continue
            verdict = compare(rows, theirs, question)
            failed = failed or verdict != "equal"
            beside.append(f"{peer} {theirs['best_ms']:,.1f} ms ({theirs['best_ms'] / best:.1f}x{'' if verdict == 'equal' else ', ' + verdict})")
        if question.grep and shutil.which("rg"):
            ms, found = peers.timed_command(["rg", *question.grep, str(plain)], 3)
            if question.grep[0] == "-c" and str(int(found.strip() or 0)) != (rows[0][0] if rows else "0"):
                failed = True
                beside.append("ripgrep DIFFERS")
            beside.append(f"ripgrep {ms:,.1f} ms ({ms / best:.1f}x)")
        out.append((question.name, f"{best:,.1f} / {median:,.1f} ms", f"{cpu:,.0f} ms", " · ".join(beside)))
    report = {"load": load, "bytes": size, "peak_rss": peak, "versions": versions,
              "peer_bytes": {p: a["bytes"] for p, a in answers.items() if "bytes" in a}, "peer_load_s": {p: a["load_s"] for p, a in answers.items() if "load_s" in a},
              "failed": failed, "plain": plain}
    text.unlink()
    return out, report


def trace_of(plain):
    """A trace id from the middle of R1."""
    found = subprocess.run(["grep", "-o", "-m", "100000", "TraceID: [0-9a-f]\\{32\\}", str(plain)], capture_output=True, text=True, check=True).stdout.splitlines()
    return found[len(found) // 2].split()[-1]


def r1_questions(plain):
    return questions.r1(trace_of(plain))


def dashboard(root, work, lines, log):
    """Q12: twelve panels asked together, again and again, while events come in: (median ms of a refresh, ack p50, ack p99)."""
    directory = work / "q12"
    directory.mkdir()
    panels = [questions.PARSE + text for text in (
        "stats count(*) as calls by bin(1m)", "stats avg(duration) by bin(1m)", "stats pct(duration, 50), pct(duration, 95), pct(duration, 99) by bin(5m)",
        "filter status_code >= 500 | stats count(*) by bin(1m)", "stats count(*) by status_code", "stats count(*) by method",
        "stats avg(duration) as a by view | sort a desc | limit 10", "stats max(duration) as m by view | sort m desc | limit 10",
        "filter duration > 200 | stats count(*) by view", "filter status_code >= 400 | stats count(*) by view, status_code",
        "stats count(*) by method, status_code", "stats avg(duration) by method, view, status_code, bin(30s)")]
    with harness.Server(root / "build/release/skywatch", directory / "data") as server:
        load = datasets.send(root, server, "s1", lines)
        calls = harness.Calls(server)
        with datasets.sending(root, server, "s1", 400_000, rate=50_000) as running:
            took = []
            while running.poll() is None and len(took) < 10:
                # The newest hour of what was there, and what has come since.
                begin, end = load["last_ms"] // 1000 - 3600, int(time.time()) + 1
                start = time.monotonic()
                ids = [json.loads(calls("StartQuery", logGroupName="bench", startTime=begin, endTime=end, queryString=panel))["queryId"] for panel in panels]
                answers = []
                for query_id in ids:
                    while b'"status":"Complete"' not in (answer := calls("GetQueryResults", queryId=query_id)):
                        if json.loads(answer)["status"] not in ("Scheduled", "Running"):
                            raise RuntimeError(f"a panel failed: {answer[:200]}")
                        time.sleep(0.0005)
                    answers.append(answer)
                took.append((time.monotonic() - start) * 1e3)
                if not all(json.loads(answer)["results"] for answer in answers):
                    raise RuntimeError("a panel is empty")
                time.sleep(max(0, 0.5 - took[-1] / 1e3))
            report = datasets.report_of(running)
    log(f"Q12: {len(took)} refreshes over {load['lines']:,} lines")
    shutil.rmtree(directory)
    return statistics.median(took), report["ack_p50_ms"], report["ack_p99_ms"]
