# SPDX-License-Identifier: Apache-2.0
"""What a restart keeps, how a server ends, and who may open a directory."""
import http.client
import subprocess
import threading

import pytest

import server_process
import wire as wire_module


def filled(client, now):
    client.create_log_group(logGroupName="kept", tags={"a": "b"})
    client.put_retention_policy(logGroupName="kept", retentionInDays=30)
    for stream in ("one", "two"):
        client.create_log_stream(logGroupName="kept", logStreamName=stream)
        for batch in range(3):
            client.put_log_events(logGroupName="kept", logStreamName=stream,
                                  logEvents=[{"timestamp": now - 1000 + batch, "message": f"{stream} {batch} {n} ñ"} for n in range(50)])


def state(client):
    groups = client.describe_log_groups()["logGroups"]
    streams = client.describe_log_streams(logGroupName="kept")["logStreams"]
    events = [e for page in client.get_paginator("filter_log_events").paginate(logGroupName="kept") for e in page["events"]]
    return groups, streams, events, client.list_tags_log_group(logGroupName="kept")["tags"]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_keeps_everything(own_place, now, end):
    own_place.start()
    filled(own_place.client(), now)
    before = state(own_place.client())
    assert len(before[2]) == 300
    for _ in range(2):
        if end == "stop":
            assert own_place.server.stop() == 0
        else:
            own_place.server.kill()
        own_place.start()
        assert state(own_place.client()) == before


def test_what_was_deleted_stays_deleted(own_place, now):
    own_place.start()
    filled(own_place.client(), now)
    own_place.client().delete_log_group(logGroupName="kept")
    own_place.server.kill()
    own_place.start()
    assert own_place.client().describe_log_groups()["logGroups"] == []


def test_an_unread_token_works_after_a_restart(own_place, now):
    own_place.start()
    filled(own_place.client(), now)
    page = own_place.client().filter_log_events(logGroupName="kept", limit=100)
    forward = own_place.client().get_log_events(logGroupName="kept", logStreamName="one", limit=100, startFromHead=True)
    own_place.server.kill()
    own_place.start()
    rest = own_place.client().filter_log_events(logGroupName="kept", nextToken=page["nextToken"])
    ids = [e["eventId"] for e in page["events"] + rest["events"]]
    assert len(ids) == len(set(ids)) == 300
    more = own_place.client().get_log_events(logGroupName="kept", logStreamName="one", nextToken=forward["nextForwardToken"])
    assert len(more["events"]) == 50


def test_a_second_server_on_the_directory_is_refused(own_place):
    own_place.start()
    done = subprocess.run([str(own_place.program), "serve", "--data", str(own_place.data), "--listen", "127.0.0.1:0"],
                          capture_output=True, text=True, timeout=server_process.START_SECONDS_MAX)
    assert done.returncode != 0
    assert str(own_place.data) in done.stderr and ("in use" in done.stderr or "another" in done.stderr), done.stderr
    assert own_place.client().describe_log_groups()["logGroups"] == []


def test_sigterm_answers_what_has_begun(own_place, now):
    own_place.start()
    client = own_place.client(max_pool_connections=8)
    client.create_log_group(logGroupName="g")
    acknowledged, refused = [], []
    started, enough = threading.Barrier(5), threading.Event()

    def write(number):
        client.create_log_stream(logGroupName="g", logStreamName=str(number))
        started.wait()
        for n in range(10_000):
            try:
                client.put_log_events(logGroupName="g", logStreamName=str(number), logEvents=[{"timestamp": now, "message": f"{number}-{n}"}])
            except Exception as failure:
                refused.append(failure)
                return
            acknowledged.append(f"{number}-{n}")
            if len(acknowledged) >= 20:
                enough.set()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    started.wait()
    enough.wait(60)
    assert own_place.server.stop() == 0, own_place.server.output
    for thread in threads:
        thread.join()
    assert len(acknowledged) >= 20 and len(refused) == 4
    own_place.start()
    pages = own_place.client().get_paginator("filter_log_events").paginate(logGroupName="g")
    stored = [e["message"] for page in pages for e in page["events"]]
    assert len(stored) == len(set(stored)) and set(acknowledged) <= set(stored)


def test_without_signatures_on_loopback_only(own_place):
    refused = subprocess.run([str(own_place.program), "serve", "--data", str(own_place.data), "--listen", "0.0.0.0:0", "--auth", "off"],
                             capture_output=True, text=True, timeout=server_process.START_SECONDS_MAX)
    assert refused.returncode != 0 and "loopback" in refused.stderr, refused.stderr
    server = own_place.start("--auth", "off")
    answer = wire_module.Wire(server, ("", "")).call("DescribeLogGroups", "{}", sign=False)
    assert (answer.status, answer.json) == (200, {"logGroups": []})


def test_an_imported_key_works(own_place):
    pair = ("AKIAIMPORTED00000000", "an/imported+secret=with~signs")
    done = subprocess.run([str(own_place.program), "key", "create", "--data", str(own_place.data), "--access-key", pair[0],
                           "--secret-key", pair[1]], capture_output=True, text=True, timeout=server_process.START_SECONDS_MAX)
    assert done.returncode == 0, done.stderr
    own_place.start()
    assert own_place.client(keys=pair).describe_log_groups()["logGroups"] == []
    assert own_place.client().describe_log_groups()["logGroups"] == []


def test_keep_alive_connections_serve_many_requests(own_place):
    server = own_place.start()
    connection = http.client.HTTPConnection(*server.address, timeout=60)
    sockets = set()
    for _ in range(50):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        sockets.add(id(connection.sock))
    connection.close()
    assert len(sockets) == 1
