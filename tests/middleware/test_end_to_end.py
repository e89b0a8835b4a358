# SPDX-License-Identifier: Apache-2.0
"""Real frameworks on real servers: what they log, sent by their own language's sender, must be what a load generator outside
counted and timed, as skywatch's query tells it."""
import collections
import json
import os
import re

import pytest

import stacks
import traffic

STACKS = stacks.stacks()
# A line's duration may exceed the time outside by its rounding to 0.01 ms.
ROUNDING_MS = 0.005
MEDIANS_DIFFER_MAX = 0.05
# A machine that is busy with something else keeps the client waiting for its own turn, which no server can see. What is wrong
# with the measurement itself is wrong in each attempt; counts and sums must be right in all of them.
ATTEMPTS = 3
LOAD_MAX = 2 * (os.cpu_count() or 1)
LINE = re.compile(r"\[profiler size=(?P<size>\d+) queries=(?P<queries>\d+) query_ms=(?P<query_ms>\d+\.\d\d) external_ms=(?P<external_ms>\d+\.\d\d)\]"
                  r" (?P<method>[A-Z]+) (?P<view>\S+) (?P<duration>\d+\.\d\d) (?P<status>\d{3})")
PLAIN = re.compile(r"\[profiler\] [A-Z]+ \S+ \d+\.\d\d \d{3}")
STATISTICS = "stats count(*) as n, sum(duration) as total, pct(duration, 50) as median by method, view, status_code"
PARSED = '@message | parse @message "[*] * * * *" as logger, method, view, duration, status_code | ' + STATISTICS


def drive(stack, skywatch, run_application, group, options):
    """Starts the stack, sends it traffic, ends it. Returns the traffic."""
    if stack.missing:
        pytest.skip(f"{stack.name}: {stack.missing}")
    if stack.prepare is not None:
        stack.prepare()
    environment = {**stack.environment, **skywatch.environment(group), "PROFILER_OPTIONS": json.dumps(options)}
    application = run_application(stack.command, stack.cwd, environment)
    sent = traffic.Traffic(application.url)
    sent.run(stack.views)
    application.stop()
    assert sent.faults == [], application.text()
    assert "dropped so far" not in application.text()
    return sent


def compare(rows, sent):
    """Counts equal, sums at most what was measured outside."""
    counted = collections.Counter({(row["method"], row["view"], row["status_code"]): int(row["n"]) for row in rows})
    assert counted == sent.sent
    for row in rows:
        key = (row["method"], row["view"], row["status_code"])
        assert float(row["total"]) <= sent.total_ms(key) + ROUNDING_MS * int(row["n"]), key


def medians_agree(rows, sent):
    """Of the endpoint that takes long beside anything that the machine adds."""
    (rates,) = [row for row in rows if row["n"] and "rates" in row["view"]]
    outside = sent.median_ms((rates["method"], rates["view"], rates["status_code"]))
    return abs(float(rates["median"]) - outside) <= MEDIANS_DIFFER_MAX * outside


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_extended_lines_are_what_was_sent(stack, skywatch, run_application, group):
    for attempt in range(ATTEMPTS):
        group = f"{group}-{attempt}"
        sent = drive(stack, skywatch, run_application, group, {"format": "extended"})
        rows = skywatch.query(group, PARSED)
        compare(rows, sent)
        if medians_agree(rows, sent):
            break
    else:
        load = os.getloadavg()[0]
        if load > LOAD_MAX:
            pytest.skip(f"{stack.name}: counts and sums are right; this machine is too busy to compare medians (load {load:.0f})")
        pytest.fail(f"the medians differ in {ATTEMPTS} attempts: {rows}, outside {[sent.median_ms(key) for key in sent.sent]}")
    sizes = collections.defaultdict(set)
    for message in skywatch.messages(group):
        match = LINE.fullmatch(message)
        assert match, message
        view = match["view"]
        sizes[view].add(int(match["size"]))
        assert match["queries"] == ("2" if view == stack.views["items"] else "0"), message
        assert float(match["query_ms"]) + float(match["external_ms"]) <= float(match["duration"]) + 2 * ROUNDING_MS, message
        if match["method"] == "HEAD":
            assert match["size"] == "0", message
    assert sizes[stack.views["export"]] == {traffic.EXPORT_BYTES}


@pytest.mark.parametrize("form", ["plain", "json", "emf"])
@pytest.mark.parametrize("stack", [stack for stack in STACKS if stack.name in ("flask-gunicorn", "go", "express-5", "rack-puma")],
                         ids=lambda stack: stack.name)
def test_other_forms_give_the_same_table(stack, form, skywatch, run_application, group):
    sent = drive(stack, skywatch, run_application, group, {"format": form})
    compare(skywatch.query(group, PARSED if form == "plain" else STATISTICS), sent)
    for message in skywatch.messages(group):
        if form == "plain":
            assert PLAIN.fullmatch(message), message
        else:
            assert ("_aws" in json.loads(message)) == (form == "emf")
