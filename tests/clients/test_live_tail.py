# SPDX-License-Identifier: Apache-2.0
"""Live tail through the clients that people have: boto3, the AWS CLI, and skywatch's own (other SDKs: test_sdks.py)."""
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
import time

import botocore.exceptions
import pytest

import server_process

RUN_SECONDS_MAX = 60


def arn_of(group, account=server_process.ACCOUNT):
    return f"arn:aws:logs:{server_process.REGION}:{account}:log-group:{group}"


@pytest.fixture
def tail_client(shared_place, server):
    # The SDK puts "stream-" before the host of any endpoint; no such name leads to this machine.
    return shared_place.client(inject_host_prefix=False)


class Session:
    """One boto3 session; its updates are read until a condition holds."""

    def __init__(self, client, **members):
        self.stream = client.start_live_tail(**members)["responseStream"]
        self.events = iter(self.stream)
        self.start = next(self.events)["sessionStart"]
        self.updates = []

    @property
    def messages(self):
        return [event["message"] for update in self.updates for event in update["sessionResults"]]

    def read_until(self, condition):
        deadline = time.monotonic() + RUN_SECONDS_MAX
        while not condition():
            assert time.monotonic() < deadline, self.updates[-3:]
            self.updates.append(next(self.events)["sessionUpdate"])


@pytest.fixture
def session(tail_client):
    opened = []

    def run(**members):
        opened.append(Session(tail_client, **members))
        return opened[-1]

    yield run
    for one in opened:
        one.stream.close()


def put(logs, group, *messages, at=None):
    at = at or int(time.time() * 1000)
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at, "message": m} for m in messages])


def test_a_session(logs, session, group, now):
    put(logs, group, "before")
    followed = session(logGroupIdentifiers=[arn_of(group)], logStreamNamePrefixes=["s"], logEventFilterPattern="-debug")
    assert followed.start["logGroupIdentifiers"] == [arn_of(group)]
    assert (followed.start["logStreamNames"], followed.start["logStreamNamePrefixes"]) == ([], ["s"])
    assert followed.start["logEventFilterPattern"] == "-debug"
    assert len(followed.start["sessionId"]) == len(followed.start["requestId"]) == 36
    put(logs, group, "one", "debug two", "thrée \U0001f600\n", at=now)
    followed.read_until(lambda: len(followed.messages) >= 2)
    [filled] = [update for update in followed.updates if update["sessionResults"]]
    assert filled["sessionMetadata"] == {"sampled": False}
    first, second = filled["sessionResults"]
    assert 0 <= first.pop("ingestionTime") - now < RUN_SECONDS_MAX * 1000
    assert first == {"logStreamName": "s", "logGroupIdentifier": arn_of(group), "message": "one", "timestamp": now}
    assert second["message"] == "thrée \U0001f600\n"
    # An update a second, also when nothing comes.
    count = len(followed.updates)
    followed.read_until(lambda: len(followed.updates) == count + 2)
    assert followed.updates[-1]["sessionResults"] == []


def test_more_than_a_session_shows_is_sampled(logs, session, group):
    followed = session(logGroupIdentifiers=[arn_of(group)])
    put(logs, group, *[f"line {n}" for n in range(2_000)])
    followed.read_until(lambda: followed.messages)
    [filled] = [update for update in followed.updates if update["sessionResults"]]
    assert filled["sessionMetadata"] == {"sampled": True}
    assert len(filled["sessionResults"]) == 500


def test_what_is_refused(tail_client, error, group):
    arn = arn_of(group)
    for members, code in [
        ({"logGroupIdentifiers": [group]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [arn + ":*"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [arn_of("no/such/group")]}, "ResourceNotFoundException"),
        ({"logGroupIdentifiers": [arn_of(group, "999999999999")]}, "ResourceNotFoundException"),
        ({"logGroupIdentifiers": [arn], "logStreamNames": ["s"], "logStreamNamePrefixes": ["s"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [arn], "logEventFilterPattern": "{ $.a = "}, "InvalidParameterException"),
    ]:
        assert error(tail_client.start_live_tail, **members)[0] == code, members


def test_a_server_that_stops_says_so(own_place, name):
    own_place.start()
    client = own_place.client(inject_host_prefix=False)
    client.create_log_group(logGroupName=name)
    followed = Session(client, logGroupIdentifiers=[arn_of(name)])
    stopping = threading.Thread(target=own_place.server.stop)
    stopping.start()
    with pytest.raises(botocore.exceptions.EventStreamError) as caught:
        followed.read_until(lambda: False)
    assert caught.value.response["Error"]["Code"] == "SessionStreamingException"
    stopping.join()
    assert own_place.server.process.returncode == 0


class Lines:
    """A program's standard output, line by line, with a bound on the wait for each."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def next(self, seconds=RUN_SECONDS_MAX):
        return self.lines.get(timeout=seconds)

    def stop(self, how=signal.SIGINT):
        """The exit code, and what else it printed."""
        self.process.send_signal(how)
        try:
            code = self.process.wait(RUN_SECONDS_MAX)
        finally:
            self.kill()
        return code, list(self.lines.queue), self.process.stderr.read()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join()


@pytest.fixture
def lines(shared_place, server, tmp_path):
    started = []

    def run(*command):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        environment.update(AWS_ACCESS_KEY_ID=shared_place.keys[0], AWS_SECRET_ACCESS_KEY=shared_place.keys[1], AWS_REGION=server_process.REGION,
                           AWS_DEFAULT_REGION=server_process.REGION, AWS_ENDPOINT_URL=server.url, AWS_DISABLE_HOST_PREFIX_INJECTION="true",
                           AWS_CONFIG_FILE=str(tmp_path / "none"), AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "none"), AWS_EC2_METADATA_DISABLED="true")
        started.append(Lines(command, environment))
        return started[-1]

    yield run
    for one in started:
        one.kill()
        one.process.stdout.close()
        one.process.stderr.close()


def await_session(logs, group, program):
    """The CLI does not say when its session has begun: marks are put until one is printed."""
    for mark in range(4 * RUN_SECONDS_MAX):
        put(logs, group, f"mark {mark}")
        try:
            return program.next(0.25)
        except queue.Empty:
            assert program.process.poll() is None, program.process.stderr.read()
    raise AssertionError("no mark was printed")


def test_the_aws_cli(logs, lines, group):
    aws = pathlib.Path(sys.executable).parent / "aws"
    program = lines(sys.executable, aws, "logs", "start-live-tail", "--log-group-identifiers", arn_of(group), "--log-event-filter-pattern", "mark")
    assert await_session(logs, group, program).startswith("mark ")
    put(logs, group, "mark the end", "not this")
    while (line := program.next()) != "mark the end":
        assert line.startswith("mark "), line


def test_debians_aws_cli_follows_with_its_own_command(logs, lines, server, group):
    """Version 2.9 knows no live tail: `logs tail --follow` polls."""
    if not pathlib.Path("/usr/bin/aws").exists():
        pytest.skip("Debian's awscli is not installed")
    put(logs, group, "one")
    program = lines("/usr/bin/aws", "--endpoint-url", server.url, "logs", "tail", group, "--follow", "--format", "short")
    assert program.next().endswith(" one")
    put(logs, group, "two")
    assert program.next().endswith(" two")


def test_skywatch_tail(program, server, logs, lines, group):
    put(logs, group, "ERROR history", "INFO not this")
    tail = lines(program, "tail", "--endpoint", server.url, "--follow", "--no-stream", "-g", group, "--filter", "ERROR")
    assert tail.next().endswith("Z ERROR history")  # No colours: this is no terminal.
    for n in range(3):
        put(logs, group, f"INFO {n}", f"ERROR {n}")
        assert tail.next().endswith(f"Z ERROR {n}")
    assert tail.stop() == (130, [], "")


def test_skywatch_tail_by_arn_as_json(program, server, logs, lines, group):
    tail = lines(program, "tail", "--endpoint", server.url, "--follow", "--since", "now", "-g", arn_of(group) + ":*", "-s", "s", "-o", "json")
    assert json.loads(await_session(logs, group, tail))["logStreamName"] == "s"
    put(logs, group, *["x" * 400] * 2_000)
    while json.loads(tail.next())["message"] != "x" * 400:
        pass
    assert "sample" in tail.stop()[2]


def test_skywatch_tail_tells_each_event_once_while_it_reads_the_past(program, server, logs, lines, group):
    """Events are written while the history is read and the session runs: none is missing, none comes twice."""
    stop, sent = threading.Event(), []

    def write():
        while not stop.wait(0.005):  # Well below 500 a second, of which a session shows a sample.
            sent.append(f"line {len(sent)}")
            put(logs, group, sent[-1])

    put(logs, group, "first")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(sent) < 20:
            time.sleep(0.01)  # The writer says nothing.
        tail = lines(program, "tail", "--endpoint", server.url, "--follow", "--no-stream", "-g", group)
        got = [tail.next().split("Z ", 1)[1] for _ in range(60)]
    finally:
        stop.set()
        writer.join()
    put(logs, group, "last")
    while got[-1] != "last":
        got.append(tail.next().split("Z ", 1)[1])
    assert sorted(got) == sorted(["first", *sent, "last"])


def test_skywatch_tail_of_nothing(program, server, lines):
    tail = lines(program, "tail", "--endpoint", server.url, "--follow", "-g", "no/such/group")
    assert tail.process.wait(RUN_SECONDS_MAX) == 1
    assert "ResourceNotFoundException" in tail.process.stderr.read()
