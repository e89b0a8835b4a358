# SPDX-License-Identifier: Apache-2.0
"""HTTPS with real clients: OpenSSL's own in every version and cipher that matters, boto3 that checks, and the command line."""
import os
import signal
import socket
import subprocess
import time

import botocore.exceptions
import pytest

ANSWER_SECONDS_MAX = 60
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def place(module_place):
    module_place.trust = module_place.data / "tls" / "cert.pem"
    module_place.start("--tls-self-signed", trust=module_place.trust)
    return module_place


def s_client(place, *options):
    """OpenSSL's client: whether it got /healthz, and everything that it said."""
    host, port = place.server.address
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", str(place.trust), "-verify_return_error", "-quiet",
                           *options], input=REQUEST, capture_output=True, timeout=ANSWER_SECONDS_MAX)
    said = (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.endswith(b"ok\n"), said


@pytest.mark.parametrize("options, works", [
    (["-tls1_3"], True),
    (["-tls1_2"], True),
    (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], False),
    (["-tls1", "-cipher", "ALL:@SECLEVEL=0"], False),
    (["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], True),
    (["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"], True),
    (["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], True),
    (["-tls1_3", "-groups", "P-256"], True),
    (["-tls1_3", "-groups", "X25519"], True),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], True),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], True),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], True),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"], False),
    (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], False),  # The key is no RSA key.
    (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], False),
    (["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"], False),
    (["-alpn", "http/1.1"], True),
    (["-alpn", "h2,http/1.1"], True),
    (["-alpn", "h2"], True),  # Not agreed to; HTTP/1.1 it is.
    (["-verify_hostname", "localhost"], True),
    (["-verify_hostname", "stream-localhost"], True),
    (["-verify_hostname", "streaming-localhost"], True),
    (["-verify_hostname", "stream-127.0.0.1", "-servername", "stream-127.0.0.1"], True),
    (["-verify_hostname", "dataplane.127.0.0.1"], True),
    (["-verify_hostname", "elsewhere"], False),
    (["-verify_ip", "127.0.0.1"], True),
    (["-verify_ip", "::1"], True),
    (["-verify_ip", "10.1.2.3"], False),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_openssl_client(place, options, works):
    got, said = s_client(place, *options)
    assert got == works, said


def test_what_is_agreed_on(place):
    host, port = place.server.address
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", str(place.trust), "-alpn", "h2,http/1.1"],
                          input=b"Q\n", capture_output=True, timeout=ANSWER_SECONDS_MAX)
    said = done.stdout.decode(errors="replace")
    assert "ALPN protocol: http/1.1" in said
    assert "TLSv1.3" in said
    assert "Verify return code: 0 (ok)" in said


def test_renegotiation_is_refused(place):
    host, port = place.server.address
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", str(place.trust), "-tls1_2"],
                          input=b"R\nQ\n", capture_output=True, timeout=ANSWER_SECONDS_MAX)
    assert b"no renegotiation" in done.stderr


def test_boto3_checks_the_certificate(place, name, now):
    logs = place.client(verify=str(place.trust))
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    events = [{"timestamp": now, "message": f"{i} " + "x" * 1000} for i in range(900)]
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    read = logs.get_log_events(logGroupName=name, logStreamName="s", startFromHead=True)["events"]
    assert [e["message"] for e in read] == [e["message"] for e in events]
    with pytest.raises(botocore.exceptions.SSLError):
        place.client().describe_log_groups()


def run(program, place, *arguments, **options):
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": place.keys[0], "AWS_SECRET_ACCESS_KEY": place.keys[1], "SKYWATCH_REGION": "us-east-1",
                   **options.pop("env", {})}
    return subprocess.run([str(program), *arguments, "--endpoint", place.server.url], capture_output=True, text=True,
                          timeout=ANSWER_SECONDS_MAX, env=environment, **options)


def test_the_command_line_checks_it_too(program, place, name):
    put = ["put", "--group", name, "--stream", "s", "--create"]
    done = run(program, place, *put, "--ca-bundle", str(place.trust), input="over TLS\n")
    assert done.returncode == 0, done.stderr
    done = run(program, place, "query", "--group", name, "--output", "json", "fields @message", env={"AWS_CA_BUNDLE": str(place.trust)})
    assert done.returncode == 0 and "over TLS" in done.stdout, done.stderr
    done = run(program, place, *put, input="never\n")
    assert done.returncode == 3 and "self-signed certificate" in done.stderr, done.stderr
    done = run(program, place, *put, "--ca-bundle", "/nonexistent.pem", input="never\n")
    assert done.returncode == 2 and "/nonexistent.pem" in done.stderr, done.stderr


def test_plain_http_on_the_tls_port_is_told(place):
    with socket.create_connection(place.server.address, timeout=ANSWER_SECONDS_MAX) as connection:
        connection.sendall(REQUEST)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer


def test_the_certificate_outlives_the_server(own_place):
    trust = own_place.data / "tls" / "cert.pem"
    own_place.start("--tls-self-signed", trust=trust)
    first = trust.read_bytes()
    assert own_place.server.stop() == 0
    own_place.start("--tls-self-signed", trust=trust)
    assert trust.read_bytes() == first
    assert (own_place.data / "tls" / "key.pem").stat().st_mode & 0o777 == 0o600


def make_pair(folder):
    """A certificate and its key, of OpenSSL's own making."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=skywatch test", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
                   check=True, capture_output=True, timeout=ANSWER_SECONDS_MAX)
    return (folder / "cert.pem").read_bytes(), (folder / "key.pem").read_bytes()


def await_output(server, word, count):
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while server.output.count(word) < count:
        assert time.monotonic() < deadline and server.process.poll() is None, server.output
        time.sleep(0.01)  # Nothing announces a log line but the line itself.


def test_a_new_certificate_on_sighup(own_place, tmp_path):
    old = make_pair(tmp_path)
    trust = tmp_path / "cert.pem"
    server = own_place.start("--tls-cert", str(trust), "--tls-key", str(tmp_path / "key.pem"), trust=trust)
    old_file = tmp_path / "old.pem"
    old_file.write_bytes(old[0])
    kept = own_place.client(verify=str(old_file))
    kept.describe_log_groups()

    make_pair(tmp_path)
    server.process.send_signal(signal.SIGHUP)
    await_output(server, "certificate_reloaded", 1)
    own_place.client(verify=str(trust)).describe_log_groups()
    kept.describe_log_groups()  # Its connection goes on.
    with pytest.raises(botocore.exceptions.SSLError):
        own_place.client(verify=str(old_file)).describe_log_groups()

    good = trust.read_bytes()
    new_file = tmp_path / "new.pem"
    new_file.write_bytes(good)
    trust.write_text("no certificate")
    server.process.send_signal(signal.SIGHUP)
    await_output(server, "certificate_not_reloaded", 1)
    assert str(trust) in server.output
    own_place.client(verify=str(new_file)).describe_log_groups()


@pytest.mark.parametrize("options, words", [
    (["--tls-cert", "/nonexistent.pem"], "go together"),
    (["--tls-key", "/nonexistent.pem"], "go together"),
    (["--tls-cert", "/nonexistent.pem", "--tls-key", "/nonexistent.key"], "/nonexistent.pem"),
    (["--tls-self-signed", "--tls-cert", "a", "--tls-key", "b"], "leave out"),
    (["--cors-origin", "*", "--auth", "off"], "every web page"),
    (["--cors-origin", "dash.example"], "looks like"),
])
def test_what_cannot_be_served_is_said(program, tmp_path, options, words):
    done = subprocess.run([str(program), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", *options], capture_output=True,
                          text=True, timeout=ANSWER_SECONDS_MAX)
    assert done.returncode == 1 and words in done.stderr, done.stderr


def test_pages_of_named_origins_may_call(own_place):
    from wire import Wire

    own_place.start("--cors-origin", "https://dash.example", "--cors-origin", "http://localhost:3000")
    wire = Wire(own_place.server, own_place.keys)
    host, port = own_place.server.address
    for origin, status in [("https://dash.example", 204), ("http://localhost:3000", 204), ("https://evil.example", 403)]:
        asked = wire.send({"host": f"{host}:{port}", "origin": origin, "access-control-request-method": "POST",
                           "access-control-request-headers": "authorization,content-type,x-amz-date,x-amz-target"}, b"", method="OPTIONS")
        assert asked.status == status
        assert asked.headers.get("access-control-allow-origin") == (origin if status == 204 else None)
    answer = wire.call("DescribeLogGroups", "{}", change=lambda headers, body: ({**headers, "origin": "https://dash.example"}, body))
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "https://dash.example"


def test_without_authentication_other_pages_are_turned_away(own_place):
    from wire import Wire

    own_place.start("--auth", "off")
    wire = Wire(own_place.server, own_place.keys)
    host, port = own_place.server.address
    for origin, status in [(None, 200), (f"http://{host}:{port}", 200), ("https://evil.example", 403), ("null", 403)]:
        extra = {} if origin is None else {"origin": origin}
        assert wire.send({**wire.headers("DescribeLogGroups"), **extra}, b"{}").status == status
