# SPDX-License-Identifier: Apache-2.0
"""The AWS CLI, unmodified, pointed at the server by AWS_ENDPOINT_URL alone."""
import json
import os
import pathlib
import subprocess
import time

import pytest

import server_process


def test_round_trip(aws_cli, name, now):
    def good(*arguments):
        code, output, text = aws_cli("logs", *arguments)
        assert code == 0, text
        return output

    good("create-log-group", "--log-group-name", name)
    good("create-log-stream", "--log-group-name", name, "--log-stream-name", "s")
    events = [{"timestamp": now - 1000 + n, "message": f"[profiler] GET user-list {n}.50 200"} for n in range(3)]
    assert good("put-log-events", "--log-group-name", name, "--log-stream-name", "s", "--log-events", json.dumps(events))["nextSequenceToken"]
    got = good("get-log-events", "--log-group-name", name, "--log-stream-name", "s")["events"]
    assert [e["message"] for e in got] == [e["message"] for e in events]
    filtered = good("filter-log-events", "--log-group-name", name, "--page-size", "1")["events"]
    assert [e["message"] for e in filtered] == [e["message"] for e in events]
    assert good("describe-log-groups", "--log-group-name-prefix", name)["logGroups"][0]["logGroupName"] == name
    assert good("describe-log-streams", "--log-group-name", name)["logStreams"][0]["logStreamName"] == "s"
    started = good("start-query", "--log-group-name", name, "--start-time", str(now // 1000 - 60), "--end-time", str(now // 1000), "--query-string",
                   'parse @message "[*] * * * *" as logger, method, view, duration, status_code | stats avg(duration) by method, view')
    deadline = time.monotonic() + 60
    while True:
        answer = good("get-query-results", "--query-id", started["queryId"])
        if answer["status"] not in ("Scheduled", "Running"):
            break
        assert time.monotonic() < deadline
    assert answer["status"] == "Complete"
    assert answer["results"] == [[{"field": "method", "value": "GET"}, {"field": "view", "value": "user-list"},
                                  {"field": "avg(duration)", "value": "1.5"}]]
    good("delete-log-group", "--log-group-name", name)


def test_errors_are_told_by_name(aws_cli, name):
    code, _, text = aws_cli("logs", "delete-log-group", "--log-group-name", name)
    assert code == 254 or code == 255
    assert "(ResourceNotFoundException)" in text and "The specified log group does not exist." in text


def test_what_is_not_built_is_an_error(aws_cli):
    code, _, text = aws_cli("cloudwatch", "list-dashboards")
    assert code != 0 and "is not supported by skywatch" in text


def test_the_other_services(aws_cli):
    for service, operation, member, value in [("sts", "get-caller-identity", "Account", server_process.ACCOUNT), ("cloudwatch", "list-metrics", "Metrics", []),
                                              ("oam", "list-sinks", "Items", [])]:
        code, output, text = aws_cli(service, operation)
        assert code == 0, text
        assert output[member] == value
    code, output, text = aws_cli("ec2", "describe-regions", "--query", "Regions[].RegionName")
    assert code == 0 and output == ["us-east-1"], text


def test_events_from_a_file(aws_cli, group, now, tmp_path):
    events = [{"timestamp": now - 10 + n, "message": f"line {n} \"quoted\" \u00e9"} for n in range(3)]
    (tmp_path / "events.json").write_text(json.dumps(events))
    code, _, text = aws_cli("logs", "put-log-events", "--log-group-name", group, "--log-stream-name", "s", "--log-events",
                            f"file://{tmp_path}/events.json")
    assert code == 0, text
    code, output, text = aws_cli("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", '"line 1"')
    assert code == 0 and [e["message"] for e in output["events"]] == [events[1]["message"]], text


@pytest.mark.parametrize("form", ["short", "json"])
def test_debians_cli_tails(shared_place, server, logs, group, now, tmp_path, form):
    """`aws logs tail` is the second version's alone; Debian 12 has 2.9."""
    program = pathlib.Path("/usr/bin/aws")
    if not program.exists():
        pytest.skip("Debian's awscli is not installed")
    objects = [{"n": n, "level": "info"} for n in range(3)]
    texts = [f"line {n}" for n in range(3)] if form == "short" else [json.dumps(o) for o in objects]
    old = {"timestamp": now - 3 * 3_600_000, "message": "too old"}
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[old])
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now - 5 + n, "message": t} for n, t in enumerate(texts)])
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment.update(AWS_ACCESS_KEY_ID=shared_place.keys[0], AWS_SECRET_ACCESS_KEY=shared_place.keys[1], AWS_DEFAULT_REGION=server_process.REGION,
                       AWS_CONFIG_FILE=str(tmp_path / "none"), AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "none"),
                       AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="")
    done = subprocess.run([str(program), "--endpoint-url", server.url, "logs", "tail", group, "--since", "1h", "--format", form, "--color", "off"],
                          env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    if form == "short":
        assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == texts
    else:  # Each event as an object over several lines, behind its time and stream.
        decoder, rest, got = json.JSONDecoder(), done.stdout, []
        while "{" in rest:
            value, end = decoder.raw_decode(rest[rest.index("{"):])
            got.append(value)
            rest = rest[rest.index("{") + end:]
        assert got == objects
