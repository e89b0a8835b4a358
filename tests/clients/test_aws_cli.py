# SPDX-License-Identifier: Apache-2.0
"""The AWS CLI, unmodified, pointed at the server by AWS_ENDPOINT_URL alone."""
import json
import time

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
