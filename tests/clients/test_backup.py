# SPDX-License-Identifier: Apache-2.0
"""`skywatch backup` and `skywatch restore` with a real server on a real disk."""
import os
import shutil
import subprocess
import time

GROUP, STREAM = "app", "web"


def skywatch(program, *arguments, keys=None, endpoint=None):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SKYWATCH_"))}
    if keys:
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"] = keys
    if endpoint:
        environment["SKYWATCH_ENDPOINT"] = endpoint
    return subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=120)


def put(logs, texts):
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM,
                        logEvents=[{"timestamp": now, "message": text} for text in texts])


def stored(logs):
    events = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True)["events"]
    return [event["message"] for event in events]


def test_a_backup_of_a_running_server_holds_what_was_acknowledged(program, own_place):
    place, root = own_place, own_place.data.parent
    place.start()
    logs = place.client()
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    put(logs, ["before the restart"])
    place.server.stop()  # Seals it into a file.
    place.start()
    logs = place.client()
    put(logs, ["in the log alone"])

    made = skywatch(program, "backup", "--to", root / "backup", keys=place.keys, endpoint=place.server.url)
    assert made.returncode == 0, made.stderr
    assert "1 data files" in made.stdout
    again = skywatch(program, "backup", "--to", root / "backup", keys=place.keys, endpoint=place.server.url)
    assert again.returncode == 1 and "new or empty directory" in again.stderr
    put(logs, ["after the backup"])
    logs.delete_log_group(logGroupName=GROUP)
    place.server.stop()

    # The original is gone altogether.
    shutil.rmtree(place.data)
    restored = skywatch(program, "restore", "--from", root / "backup", "--data", place.data)
    assert restored.returncode == 0, restored.stderr
    assert f"skywatch serve --data {place.data}" in restored.stdout
    place.start()
    logs = place.client()  # With the same key: keys are part of a backup.
    assert stored(logs) == ["before the restart", "in the log alone"]
    put(logs, ["after the restore"])
    assert len(stored(logs)) == 3
    place.server.stop()

    stopped = skywatch(program, "backup", "--data", place.data, "--to", root / "second")
    assert stopped.returncode == 0, stopped.stderr
    for file in (root / "second").rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, f"{file} is not private"

    catalog = root / "second" / "catalog.sqlite"
    catalog.write_bytes(catalog.read_bytes()[:-1] + b"!")
    refused = skywatch(program, "restore", "--from", root / "second", "--data", root / "third")
    assert refused.returncode == 1 and "catalog.sqlite" in refused.stderr
    assert not (root / "third").exists()
    nothing = skywatch(program, "restore", "--from", root, "--data", root / "third")
    assert nothing.returncode == 2 and "MANIFEST" in nothing.stderr
