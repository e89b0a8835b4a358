# SPDX-License-Identifier: Apache-2.0
"""Bytes that no SDK would send: the server answers with an error of the client's kind, stores nothing, and lives on."""
import gzip
import json
import zlib

import pytest

INFLATED_BYTES_MAX = 64 << 20


@pytest.fixture(autouse=True)
def lives_on(wire):
    """After each test the server still answers."""
    yield
    assert wire.call("DescribeLogGroups", "{}").status == 200


def stored(client, group):
    return [e["message"] for e in client.filter_log_events(logGroupName=group)["events"]]


@pytest.mark.parametrize("body", [
    b"{", b"[]", b"null", b"1", b"\"x\"", b"{} {}", b"{\"logGroupName\":}", b"{\"logGroupName\":\"a\",}", b"\xff\xfe", b"{\"a\":\"\xff\"}",
    b"{\"logGroupName\":\"a\\q\"}", b"{'a':1}", b"{\"a\":01}", b"{\"a\":NaN}", b"[" * 100_000, b"{\"a\":" * 5_000 + b"1" + b"}" * 5_000,
    b"\x00", b"{\"a\":\"\x01\"}",
])
@pytest.mark.parametrize("operation", ["PutLogEvents", "CreateLogGroup"])
def test_malformed_json(wire, operation, body):
    answer = wire.call(operation, body)
    assert (answer.status, answer.type) == (400, "SerializationException"), answer.body


def test_an_empty_body_is_an_empty_object(wire):
    assert wire.call("DescribeLogGroups", b"").status == 200


@pytest.mark.parametrize("escape, stored_as", [
    ("\\ud800", "\ufffd"), ("\\udc00", "\ufffd"), ("a\\ud800b", "a\ufffdb"), ("\\udc00\\ud800", "\ufffd\ufffd"),
    ("\\ud83d\\ude80", "🚀"), ("\\ud83d\\u0041", "\ufffdA"), ("\\u0000", "\x00"), ("\\ud800\\ud83d\\ude80", "\ufffd🚀"),
])
def test_lone_surrogates_become_the_replacement_character(wire, logs, group, now, escape, stored_as):
    body = f'{{"logGroupName":"{group}","logStreamName":"s","logEvents":[{{"timestamp":{now},"message":"{escape}"}}]}}'
    assert wire.call("PutLogEvents", body).status == 200
    assert stored(logs, group) == [stored_as]


def test_a_gzip_bomb_is_refused(wire, logs, group, now):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b" " * (1 << 20)
    packed = b"".join(packer.compress(zeros) for _ in range(256)) + packer.flush()
    assert len(packed) < 1 << 20
    answer = wire.call("PutLogEvents", packed, headers={"content-encoding": "gzip"})
    assert answer.status in (400, 413), answer.body
    assert answer.type and answer.message
    assert stored(logs, group) == []


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"{}")[:-4], gzip.compress(b"{}")[:8], b"", gzip.compress(b"{}")[:-8] + b"\0" * 8])
def test_broken_gzip(wire, body):
    answer = wire.call("DescribeLogGroups", body, headers={"content-encoding": "gzip"})
    assert (answer.status, answer.type) == (400, "SerializationException"), answer.body


def test_gzip_of_several_members(wire, group):
    body = json.dumps({"logGroupNamePrefix": group}).encode()
    answer = wire.call("DescribeLogGroups", gzip.compress(body[:10]) + gzip.compress(body[10:]), headers={"content-encoding": "gzip"})
    assert answer.status == 200, answer.body
    assert answer.json["logGroups"][0]["logGroupName"] == group


def test_an_oversized_body(wire):
    answer = wire.call("CreateLogGroup", b'{"logGroupName":"' + b"x" * (16 << 20) + b'"}')
    assert answer.status in (400, 413), answer.body


def test_a_body_announced_larger_than_any_limit_is_refused_by_its_head(wire):
    answer = wire.send(dict(wire.headers("PutLogEvents"), **{"content-length": str(1 << 40)}), b"")
    assert answer.status in (400, 413)


@pytest.mark.parametrize("operation", [None, "", "Logs_20140328", "Logs_20140328.", "Logs_20140328.create_log_group", "NoService.X",
                                       "Logs_20140328.DescribeLogGroups.x", "Logs_20140328.\u00f1"])
def test_odd_targets(wire, operation):
    import signing

    headers = wire.headers("x")
    if operation is None:
        del headers["x-amz-target"]
    else:
        headers["x-amz-target"] = operation.encode().decode("latin-1")
    try:
        answer = wire.send(signing.sign(headers, b"{}", *wire.keys), b"{}")
    except UnicodeEncodeError:
        pytest.fail("the header could not be sent")
    assert 400 <= answer.status < 500, answer.body


HEAD = b"POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: Logs_20140328.DescribeLogGroups\r\ncontent-type: application/x-amz-json-1.1\r\n"


@pytest.mark.parametrize("case, data", [
    ("no size", HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    ("negative size", HEAD + b"transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n"),
    ("huge size", HEAD + b"transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    ("no line end", HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n"),
    ("two lengths", HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}x"),
    ("length and chunks", HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    ("length is no number", HEAD + b"content-length: two\r\n\r\n{}"),
    ("negative length", HEAD + b"content-length: -2\r\n\r\n{}"),
    ("control character in the head", HEAD + b"x-odd: a\x00b\r\ncontent-length: 2\r\n\r\n{}"),
    ("blank before the colon", HEAD + b"x-odd : a\r\ncontent-length: 2\r\n\r\n{}"),
    ("not HTTP", b"hello\r\n\r\n"),
    ("TLS", bytes.fromhex("160301020001000001fc0303") + b"\0" * 64 + b"\r\n\r\n"),
    ("a head without end", b"GET / HTTP/1.1\r\n" + b"x-odd: " + b"a" * 70_000 + b"\r\n\r\n"),
])
def test_broken_framing_is_refused_and_the_connection_closed(wire, case, data):
    got = wire.talk(data)
    assert got == b"" or got.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), got[:200]
    assert got.count(b"HTTP/1.") <= 1


def test_good_chunking_is_accepted(wire):
    import signing

    headers = signing.sign(wire.headers("DescribeLogGroups"), b"{}", *wire.keys)
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    got = wire.talk(head.encode() + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200"), got[:300]


def test_a_body_that_stops_halfway_stores_nothing(wire, logs, group, now):
    import signing

    body = json.dumps({"logGroupName": group, "logStreamName": "s", "logEvents": [{"timestamp": now, "message": "m"}]}).encode()
    headers = signing.sign(wire.headers("PutLogEvents"), body, *wire.keys)
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    wire.talk(head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body[:-5], close_after=True)
    assert stored(logs, group) == []


def test_two_requests_in_one_packet_are_answered_in_order(wire):
    one = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    two = b"GET /no-such-path HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    got = wire.talk(one + two)
    statuses = [int(part[:3]) for part in got.decode("latin-1").split("HTTP/1.1 ")[1:]]
    assert len(statuses) == 2 and statuses[0] == 200 and 400 <= statuses[1] < 500


def test_expect_100_continue(wire):
    import socket

    import signing

    headers = signing.sign(wire.headers("DescribeLogGroups"), b"{}", *wire.keys)
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(wire.server.address, timeout=60) as connection:
        connection.sendall(head.encode() + b"connection: close\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        got = connection.recv(4096)
        assert got.startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        rest = got.split(b"\r\n\r\n", 1)[1]
        while piece := connection.recv(65536):
            rest += piece
    assert rest.startswith(b"HTTP/1.1 200 ")
