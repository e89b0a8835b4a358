# SPDX-License-Identifier: Apache-2.0
"""The program's own commands against the real server: key, put, query; their outputs and exit codes."""
import csv
import io
import json
import os
import re
import signal
import subprocess
import time

import pytest

import server_process

OK, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 3
RUN_SECONDS_MAX = 60


@pytest.fixture
def run(program, server, keys):
    """run(*arguments, stdin=..., keys=..., endpoint=...) -> the finished process."""

    def call(*arguments, stdin=b"", keys=keys, endpoint=server.url, variables=None):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("AWS_", "SKYWATCH_"))}
        environment["SKYWATCH_ENDPOINT"] = endpoint
        if keys is not None:
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"] = keys
        environment.update(variables or {})
        return subprocess.run([str(program), *arguments], input=stdin, capture_output=True, env=environment,
                              timeout=RUN_SECONDS_MAX)

    return call


def rows(done):
    assert done.returncode == OK, done.stderr
    return json.loads(done.stdout)


def messages(run, group):
    return [row["@message"] for row in rows(run("query", "--group", group, "fields @message | sort @timestamp, @message"))]


def test_put_and_query(run, name, logs):
    lines = [f"[profiler] GET view-{i % 3} {i}.50 200" for i in range(12_000)]  # More than one batch.
    done = run("put", "--group", name, "--stream", "s", "--create", stdin="\n".join(lines).encode() + b"\n\n")
    assert (done.returncode, done.stdout, done.stderr) == (OK, b"", b"")
    query = 'parse @message "[*] * * * *" as logger, method, view, duration, status | stats count(*) as n, max(duration) as most by view | sort view'
    expected = [{"view": f"view-{i}", "n": "4000", "most": f"{11997 + i}.5"} for i in range(3)]
    assert rows(run("query", "--group", name, "--since", "1h", query)) == expected
    table = run("query", "-g", name, "--output", "table", query)
    assert table.stdout.decode().splitlines()[0].split() == ["view", "n", "most"]
    assert [line.split() for line in table.stdout.decode().splitlines()[2:]] == [list(row.values()) for row in expected]
    text = run("query", "-g", name, "-o", "csv", query).stdout.decode()
    assert list(csv.DictReader(io.StringIO(text))) == expected
    logs.delete_log_group(logGroupName=name)


def test_put_arguments_and_odd_bytes(run, group):
    assert run("put", "-g", group, "-s", "s", "two words", 'quote " and \\').returncode == OK
    assert run("put", "-g", group, "-s", "s", stdin=b"no newline at the end \xff").returncode == OK
    assert sorted(messages(run, group)) == sorted(["two words", 'quote " and \\', "no newline at the end \ufffd"])


def test_put_of_a_line_that_is_too_long(run, group):
    done = run("put", "-g", group, "-s", "s", stdin=b"before\n" + b"x" * 3_000_000 + b"\nafter\n")
    assert done.returncode == FAILED
    assert b"line 2" in done.stderr
    assert sorted(messages(run, group)) == ["after", "before"]


def test_put_sends_before_the_pipe_ends(program, server, keys, run, group):
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=keys[0], AWS_SECRET_ACCESS_KEY=keys[1])
    process = subprocess.Popen([str(program), "put", "--endpoint", server.url, "-g", group, "-s", "s"],
                               stdin=subprocess.PIPE, env=environment)
    try:
        process.stdin.write(b"first\n")
        process.stdin.flush()
        deadline = time.monotonic() + RUN_SECONDS_MAX
        while messages(run, group) != ["first"] and time.monotonic() < deadline:
            pass
        assert messages(run, group) == ["first"]
        process.stdin.write(b"second\n")
        process.stdin.close()
        assert process.wait(RUN_SECONDS_MAX) == OK
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert messages(run, group) == ["first", "second"]


@pytest.mark.parametrize("arguments, code, words", [
    (["query", "fieldz x"], FAILED, b"MalformedQueryException"),
    (["query", "-g", "no/such/group", "fields @message"], FAILED, b"ResourceNotFoundException"),
    (["query", "-g", "g", "--since", "soon", "fields @message"], USAGE, b"soon"),
    (["query", "-g", "g", "--start", "now", "--end", "2h", "fields @message"], USAGE, b"after the end"),
    (["query", "-g", "g", "--since", "1h", "--start", "2h", "fields @message"], USAGE, b"--start"),
    (["query", "-g", "g", "--output", "xml", "fields @message"], USAGE, b"xml"),
    (["query", "-g", "g"], USAGE, b"required"),
    (["query", "-g", "g", "--endpoint", "ftp://h", "fields @message"], USAGE, b"ftp"),
    (["query", "-g", "g", "--endpoint", "https://127.0.0.1:1", "fields @message"], UNREACHABLE, b"127.0.0.1:1"),
    (["query", "-g", "g", "--endpoint", "http://127.0.0.1:1", "fields @message"], UNREACHABLE, b"127.0.0.1:1"),
    (["put", "-g", "no/such/group", "-s", "s", "text"], FAILED, b"--create"),
    (["put", "-g", "g", "text"], USAGE, b"--stream"),
    (["key", "delete", "AKIANOSUCHKEY0000000"], FAILED, b"ResourceNotFoundException"),
    (["key", "create", "--access-key", "AKIANOSUCHKEY0000000"], USAGE, b"--secret-key"),
    (["key", "create", "--access-key", "short", "--secret-key", "s" * 40], USAGE, b"access key id"),
    (["key"], USAGE, b"subcommand"),
    (["serve", "--listen", "nowhere"], USAGE, b"nowhere"),
    (["serve", "--config", "/nonexistent"], USAGE, b"/nonexistent"),
    (["nonsense"], USAGE, b"skywatch --help"),
    (["quary"], USAGE, b"Did you mean query?"),
    (["key", "crate"], USAGE, b"Did you mean create?"),
    (["tail", "--gruop", "g"], USAGE, b"Did you mean --group?"),
    (["tail", "-g", "no/such/group"], FAILED, b"ResourceNotFoundException"),
    (["tail", "-g", "g", "--since", "soon"], USAGE, b"soon"),
    (["tail"], USAGE, b"--group"),
    (["completion", "tcsh"], USAGE, b"tcsh"),
    ([], USAGE, b"subcommand"),
])
def test_exit_codes(run, group, arguments, code, words):
    arguments = [group if argument == "g" else argument for argument in arguments]
    if "fieldz x" in arguments:
        arguments += ["--group", group]
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (code, b""), (done.stdout, done.stderr)
    assert words in done.stderr


@pytest.mark.parametrize("command", [[], ["serve"], ["key"], ["key", "create"], ["query"], ["put"], ["backup"], ["restore"]])
def test_help(run, command):
    done = run(*command, "--help")
    assert done.returncode == OK
    assert b"skywatch" in done.stdout


def test_version(run):
    done = run("--version")
    assert (done.returncode, done.stderr) == (OK, b"")
    assert re.fullmatch(rb"skywatch \d+\.\d+\.\d+\n", done.stdout)


def test_without_a_key_and_with_a_wrong_one(run, group):
    done = run("query", "-g", group, "fields @message", keys=None)
    assert done.returncode == FAILED
    assert b"AWS_ACCESS_KEY_ID" in done.stderr
    done = run("query", "-g", group, "fields @message", keys=("AKIANOSUCHKEY0000000", "x" * 40))
    assert done.returncode == FAILED
    assert b"AKIANOSUCHKEY0000000" in done.stderr


def test_every_flag_has_a_variable(run, group):
    assert run("put", "hello", variables={"SKYWATCH_GROUP": group, "SKYWATCH_STREAM": "s"}).returncode == OK
    done = run("query", "fields @message", variables={"SKYWATCH_GROUP": group, "SKYWATCH_OUTPUT": "csv"})
    assert done.stdout.splitlines() == [b"@message", b"hello"]


def test_keys_through_a_running_server(run, group, shared_place):
    made = json.loads(run("key", "create", "--json").stdout)
    new = (made["AccessKeyId"], made["SecretAccessKey"])
    assert messages(lambda *arguments: run(*arguments, keys=new), group) == []
    listed = run("key", "list")
    assert new[0].encode() in listed.stdout and new[1].encode() not in listed.stdout
    in_use = run("key", "list", "--data", str(shared_place.data))
    assert in_use.returncode == FAILED and b"A server uses" in in_use.stderr
    assert run("key", "delete", new[0]).returncode == OK
    assert run("query", "-g", group, "fields @message", keys=new).returncode == FAILED
    assert run("key", "delete", shared_place.keys[0]).returncode == FAILED  # The last one stays.


def test_keys_in_a_directory(run, own_place):
    data = ["--data", str(own_place.data)]
    pair = ("AKIAIMPORTED00000000", "an/imported+secret/of+forty/characters00")
    imported = ["key", "create", *data, "--access-key", pair[0], "--secret-key", pair[1]]
    assert run(*imported).returncode == OK
    assert run(*imported).returncode == FAILED  # Already there.
    listed = json.loads(run("key", "list", "--json", *data).stdout)
    assert sorted(key["AccessKeyId"] for key in listed) == sorted([pair[0], own_place.keys[0]])
    assert run("key", "delete", *data, own_place.keys[0]).returncode == OK
    assert run("key", "delete", *data, own_place.keys[0]).returncode == FAILED
    own_place.start()
    own_place.client(keys=pair).describe_log_groups()


def test_serve_with_a_configuration_file(program, run, own_place):
    file = own_place.data.parent / "skywatch.toml"
    file.write_text('data = "/nonexistent"\nlisten = "nowhere"\nauth = "off" # so no key is needed\n')
    # --data and --listen are flags of ServerProcess, which win; --auth comes from the file.
    url = own_place.start("--config", str(file)).url
    assert run("put", "-g", "g", "-s", "s", "--create", "hello", keys=None, endpoint=url).returncode == OK
    file.write_text("listen = ':0'\nauht = 'off'\n")
    done = subprocess.run([str(program), "serve", "--config", str(file)], capture_output=True, timeout=RUN_SECONDS_MAX)
    assert done.returncode == USAGE and b"skywatch.toml:2: no such setting: auht. Did you mean auth?" in done.stderr
    file.write_text("group = 'none'\n[serve]\nlisten = ':0'\n[tail]\ngroup = 'g'\nno-stream = true\n")
    settings = {"SKYWATCH_CONFIG": str(file)}
    done = run("tail", keys=None, endpoint=url, variables=settings)
    assert (done.returncode, done.stdout.split()[1:]) == (OK, [b"hello"]), done.stderr
    assert run("tail", "--since", "now", keys=None, endpoint=url, variables=settings).stdout == b""
    # The variable wins over the file.
    assert b"ResourceNotFoundException" in run("tail", keys=None, endpoint=url, variables={**settings, "SKYWATCH_GROUP": "other"}).stderr


def test_ctrl_c_stops_the_server_in_order(own_place):
    own_place.start()
    own_place.server.process.send_signal(signal.SIGINT)
    assert own_place.server.process.wait(server_process.STOP_SECONDS_MAX) == 0


def test_doctor(run, own_place):
    data = ["--data", str(own_place.data)]

    def grades(*arguments, code=OK):
        done = run("doctor", *data, "--json", *arguments)
        assert done.returncode == code, done.stdout
        return {line["subject"]: (line["grade"], line["what"]) for line in json.loads(done.stdout)}

    free = ["--listen", "127.0.0.1:0"]
    stopped = grades(*free)
    assert stopped["permissions"][0] == "OK" and stopped["catalog"][0] == "OK" and "none runs" in stopped["server"][1]
    url = own_place.start().url
    running = grades("--endpoint", url)
    assert running["server"] == ("OK", f"{url} is ready")
    assert "in use" in running["catalog"][1]
    assert grades("--endpoint", "http://127.0.0.1:1", code=FAILED)["server"][0] == "FAIL"
    assert own_place.server.stop() == 0
    taken = own_place.start().address
    assert grades("--endpoint", own_place.server.url)["server"][0] == "OK"
    empty = run("doctor", "--data", str(own_place.data / "none"), "--listen", f"127.0.0.1:{taken[1]}")
    assert empty.returncode == FAILED and b"Address already in use" in empty.stdout
    assert not (own_place.data / "none").exists()
    own_place.server.kill()  # What a crash leaves: a log to read.
    own_place.server = None

    own_place.data.chmod(0o755)
    assert grades(*free)["permissions"][0] == "WARN"
    own_place.data.chmod(0o700)
    catalog = own_place.data / "catalog.sqlite"
    catalog.write_bytes(b"x" * 8192)
    assert grades(*free, code=FAILED)["catalog"][0] == "FAIL"
    text = run("doctor", *data, *free)
    assert text.returncode == FAILED
    lines = text.stdout.decode().splitlines()
    fault = next(i for i, line in enumerate(lines) if line.startswith("FAIL  catalog"))
    assert lines[fault + 1].strip().startswith("Restore")


def test_doctor_verifies_and_rebuilds(run, own_place):
    """Two groups in a pack: a damaged block is named; a lost catalog is made anew from the files."""
    own_place.start()
    for group in ("one", "two"):
        put = run("put", "-g", group, "-s", "s", "--create", stdin=b"first\nsecond\n", keys=own_place.keys, endpoint=own_place.server.url)
        assert put.returncode == OK, put.stderr
    assert own_place.server.stop() == 0
    data = ["--data", str(own_place.data), "--listen", "127.0.0.1:0"]

    def said(*arguments, code=OK):
        done = run("doctor", *data, "--json", *arguments)
        assert done.returncode == code, done.stdout
        return [(line["grade"], line["subject"], line["what"]) for line in json.loads(done.stdout)]

    assert ("OK", "segments", "every block was read and is sound") in said("--verify")
    assert any(grade == "FAIL" and "is sound" in what for grade, _, what in said("--rebuild-catalog", code=FAILED))
    (own_place.data / "catalog.sqlite").unlink()
    assert any("2 log groups, 2 streams, 2 segments, 4 events" in what for _, _, what in said("--rebuild-catalog", "--verify"))
    own_place.keys = own_place.key()
    own_place.start()
    client = own_place.client()
    assert [e["message"] for e in client.filter_log_events(logGroupName="two")["events"]] == ["first", "second"]
    assert any("nothing was verified" in what for _, _, what in said("--verify", "--endpoint", own_place.server.url, code=FAILED))
    assert own_place.server.stop() == 0
    [pack] = (own_place.data / "segments").iterdir()
    damaged = bytearray(pack.read_bytes())
    damaged[40] ^= 1  # Behind the headers of pack and segment: a time of the first segment.
    pack.write_bytes(damaged)
    assert not any(grade == "FAIL" for grade, _, _ in said())
    assert any(grade == "FAIL" and f"{pack} (segment" in what and "costs 2 events of" in what for grade, _, what in said("--verify", code=FAILED))


def test_tail_follows_and_shows_each_event_once(program, server, keys, run, group):
    assert run("put", "-g", group, "-s", "s", stdin=b"one\ntwo\n").returncode == OK
    shown = run("tail", "-g", group).stdout.decode().splitlines()
    assert [line.split(" ", 1)[1] for line in shown] == ["s one", "s two"]
    as_json = [json.loads(line) for line in run("tail", "-g", group, "-o", "json").stdout.splitlines()]
    assert [(event["logStreamName"], event["message"]) for event in as_json] == [("s", "one"), ("s", "two")]
    assert run("tail", "-g", group, "-s", "s", "--stream-prefix", "s").returncode == USAGE

    environment = dict(os.environ, AWS_ACCESS_KEY_ID=keys[0], AWS_SECRET_ACCESS_KEY=keys[1])
    process = subprocess.Popen([str(program), "tail", "--follow", "--no-stream", "--endpoint", server.url, "-g", group],
                               stdout=subprocess.PIPE, env=environment, text=True)
    try:
        lines = [process.stdout.readline() for _ in range(2)]
        assert run("put", "-g", group, "-s", "s", "three").returncode == OK
        lines.append(process.stdout.readline())
        assert run("put", "-g", group, "-s", "s", "four").returncode == OK
        lines.append(process.stdout.readline())
        assert [line.split(" ", 1)[1].strip() for line in lines] == ["one", "two", "three", "four"]
        process.send_signal(signal.SIGINT)
        assert process.wait(RUN_SECONDS_MAX) == 130
        assert process.stdout.read() == ""
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


def test_manual_and_completion(run):
    import shutil

    import write_command_reference

    manual = run("man").stdout
    assert manual.startswith(b".TH SKYWATCH 1")
    if shutil.which("groff"):
        checked = subprocess.run(["groff", "-man", "-ww", "-z"], input=manual, capture_output=True, timeout=RUN_SECONDS_MAX)
        assert checked.stderr == b""
    for shell in ("bash", "zsh", "fish"):
        script = run("completion", shell).stdout
        assert b"--follow" in script or b"-l follow" in script
        if shutil.which(shell):  # bash always; the others where a machine has them.
            checked = subprocess.run([shell, "-n"], input=script, capture_output=True, timeout=RUN_SECONDS_MAX)
            assert (checked.returncode, checked.stderr) == (0, b"")
    words = run("completion", "bash").stdout.decode() + """
        complete_words() { COMP_WORDS=(skywatch "$@"); COMP_CWORD=$#; _skywatch; echo "${COMPREPLY[*]}"; }
        complete_words key cr
        complete_words query --output ''
        complete_words query --group '' --si
        complete_words ta
    """
    done = subprocess.run(["bash"], input=words.encode(), capture_output=True, timeout=RUN_SECONDS_MAX)
    assert done.stdout.decode().splitlines() == ["create", "table json csv", "--since", "tail"]
    assert write_command_reference.current(server_process.binary()) == write_command_reference.DOCUMENT.read_text()
