#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 during ingest, again and again, on one data directory: python tests/crash/run.py [ROUNDS] [SEED]

Each round starts the server, lets writers put batches of uniquely numbered events (retries off), kills the server with
SIGKILL at a random moment, and after the next start reads everything back. The writers keep their own log of what was
sent and what was acknowledged, written before the request and after the answer. Held to:

  an acknowledged event is there exactly once, unaltered, in its stream, with its time and in the order of its batch;
  an event of a request that got no answer is there at most once, and a batch is there whole or not at all;
  a stream or group whose creation was acknowledged is there;
  what a reader was shown before the kill is there, under the same event id: nothing is visible before it is durable;
  nothing else is there.

Meanwhile a keeper makes and deletes log groups (a deletion that was acknowledged stays, and a group made anew is empty),
takes backups of the running server, and every second round ends by SIGTERM, whose packs are merged in later rounds. At the
end the newest finished backup is restored: whatever was acknowledged before it began is in it.

The last round ends by SIGTERM. Exit code 0 only when all of it held.
"""
import collections
import http.client
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "clients")]

import server_process  # noqa: E402
import wire  # noqa: E402

# Every so many rounds the writers move to new groups, so that reading back after each round stays cheap; the end reads all.
ROUNDS_A_GROUP = 10
GROUPS = 2
WRITERS = 6
# From the first request to the kill. The shortest fall into the first batches, the longest let segments turn over.
RUN_SECONDS = (0.01, 0.8)
BATCH_EVENTS_MAX = 40
LARGE_EVENT_BYTES = 20_000
ANSWER_SECONDS_MAX = 60
BACKUP_SECONDS_MAX = 120
# The keeper's groups: few names, so that they come again.
KEPT_GROUPS = 3
KEPT_EVENTS = 5
# Wide events make the log turn its segments; narrow ones make many batches share a sync.
SIZES = (0, 20, 200, 1_000, LARGE_EVENT_BYTES)


def groups_of(round_number):
    return [f"crash/{round_number // ROUNDS_A_GROUP}/{letter}" for letter in "ab"[:GROUPS]]


class Log:
    """What the writers know: batches by id with their state, and objects whose creation was acknowledged."""

    def __init__(self):
        self.lock = threading.Lock()
        self.batches = {}  # id -> [state, group, stream, [(timestamp, message)]]; state: sent, acknowledged, refused
        self.streams = set()  # acknowledged (group, stream)

    def counts(self):
        return collections.Counter(batch[0] for batch in self.batches.values())


class Writer(threading.Thread):
    """Writes to its own streams on one connection until the server is gone."""

    def __init__(self, server, keys, log, number, round_number, seed):
        super().__init__(daemon=True)
        self.chance = random.Random(seed)
        self.wire = wire.Wire(server, keys)
        self.log = log
        self.number = number
        self.round_number = round_number
        self.fault = None

    def call(self, connection, operation, body):
        data = json.dumps(body).encode()
        headers = wire.signing.sign(self.wire.headers(operation), data, *self.wire.keys)
        connection.request("POST", "/", data, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def run(self):
        connection = http.client.HTTPConnection(*self.wire.server.address, timeout=ANSWER_SECONDS_MAX)
        try:
            self.write(connection)
        except (OSError, http.client.HTTPException):
            pass  # The server was killed: whatever was not acknowledged stays "sent".
        except Exception as error:  # Anything else is a fault of the server or of this file; the round reports it.
            self.fault = repr(error)
        finally:
            connection.close()

    def write(self, connection):
        group = groups_of(self.round_number)[self.number % GROUPS]
        # Half of the writers reuse a stream over the rounds, half make new ones.
        stream = f"w{self.number}" if self.number % 2 else f"w{self.number}-r{self.round_number}"
        if (group, stream) not in self.log.streams:
            status, answer = self.call(connection, "CreateLogStream", {"logGroupName": group, "logStreamName": stream})
            if status != 200 and b"ResourceAlreadyExistsException" not in answer:
                raise AssertionError(f"CreateLogStream answered {status}: {answer!r}")
            with self.log.lock:
                self.log.streams.add((group, stream))
        sequence = 0
        while True:
            batch = f"{self.round_number}.{self.number}.{sequence}"
            sequence += 1
            now = int(time.time() * 1000)
            size = self.chance.choice(SIZES)
            count = self.chance.randint(1, 3 if size == LARGE_EVENT_BYTES else BATCH_EVENTS_MAX)
            events = []
            for index in range(count):
                filler = self.chance.choice("abcxyz ñ") * self.chance.randint(0, size)
                events.append((now - count + index, f"[profiler] GET {batch}.{index}/{count} {self.chance.randrange(100_000) / 100:.2f} 200{filler}"))
            with self.log.lock:
                self.log.batches[batch] = ["sent", group, stream, events]
            status, answer = self.call(connection, "PutLogEvents", {
                "logGroupName": group, "logStreamName": stream, "logEvents": [{"timestamp": t, "message": m} for t, m in events]})
            if status == 200:
                if set(json.loads(answer)) != {"nextSequenceToken"}:
                    raise AssertionError(f"PutLogEvents answered {answer!r}")
                state = "acknowledged"
            elif status == 503 or b"ThrottlingException" in answer:
                state = "refused"
            else:
                raise AssertionError(f"PutLogEvents answered {status}: {answer!r}")
            with self.log.lock:
                self.log.batches[batch][0] = state


class Reader(threading.Thread):
    """Reads the newest events while they are written; `seen` holds each as (event id, group, stream, timestamp, message)."""

    def __init__(self, server_wire, groups, drained):
        super().__init__(daemon=True)
        self.wire = server_wire
        self.groups = groups
        self.drained = drained  # The round ends by SIGTERM, which answers late requests with 503.
        self.seen = set()
        self.fault = None

    def run(self):
        since = int(time.time() * 1000) - 1
        try:
            while True:
                for group in self.groups:
                    for event in pages(self.wire, "FilterLogEvents", {"logGroupName": group, "startTime": since}, "events"):
                        self.seen.add((event["eventId"], group, event["logStreamName"], event["timestamp"], event["message"]))
        except (OSError, http.client.HTTPException):
            pass  # The server was killed.
        except Unavailable as error:
            self.fault = None if self.drained else repr(error)
        except Exception as error:
            self.fault = repr(error)


class Keeper(threading.Thread):
    """Makes groups, writes to them and deletes them; takes backups. `state` goes on over the rounds: for each name None
    (deleted), "alive" or "unknown", and the number of times that it was made."""

    def __init__(self, program, server, keys, log, state, folder, round_number, seed):
        super().__init__(daemon=True)
        self.chance = random.Random(seed)
        self.program = program
        self.keys = keys
        self.url = server.url
        self.wire = wire.Wire(server, keys)
        self.log = log
        self.state = state
        self.folder = folder
        self.round_number = round_number
        self.fault = None

    def run(self):
        try:
            while True:
                if self.chance.random() < 0.1:
                    self.back_up()
                else:
                    self.keep(f"kept/{self.chance.randrange(KEPT_GROUPS)}")
        except (OSError, http.client.HTTPException, subprocess.TimeoutExpired):
            pass  # The server was killed.
        except Exception as error:
            self.fault = repr(error)

    def keep(self, name):
        known = self.state["groups"].setdefault(name, {"now": None, "times": 0})
        if known["now"] is None:
            known["now"] = "unknown"
            known["times"] += 1
            answers = [self.wire.call("CreateLogGroup", {"logGroupName": name}), self.wire.call("CreateLogStream", {"logGroupName": name, "logStreamName": "s"})]
            now = int(time.time() * 1000)
            events = [{"timestamp": now + i, "message": f"kept {known['times']}"} for i in range(KEPT_EVENTS)]
            answers.append(self.wire.call("PutLogEvents", {"logGroupName": name, "logStreamName": "s", "logEvents": events}))
            if all(answer.status == 200 for answer in answers):
                known["now"] = "alive"
        elif known["now"] == "alive":
            known["now"] = "unknown"
            if self.wire.call("DeleteLogGroup", {"logGroupName": name}).status == 200:
                known["now"] = None

    def back_up(self):
        with self.log.lock:
            acknowledged = {batch for batch, known in self.log.batches.items() if known[0] == "acknowledged"}
        target = self.folder / f"backup-{self.round_number}-{self.chance.randrange(1 << 30)}"
        environment = {"SKYWATCH_ENDPOINT": self.url, "AWS_ACCESS_KEY_ID": self.keys[0], "AWS_SECRET_ACCESS_KEY": self.keys[1]}
        done = subprocess.run([str(self.program), "backup", "--to", str(target)], capture_output=True, env=environment, timeout=BACKUP_SECONDS_MAX)
        if done.returncode != 0:
            shutil.rmtree(target, ignore_errors=True)
            return
        before, self.state["backup"] = self.state["backup"], (target, acknowledged)
        self.state["backups"] += 1
        if before:
            shutil.rmtree(before[0], ignore_errors=True)


def check_kept(server_wire, state):
    """The keeper's groups after a start; settles those whose last answer is missing."""
    faults = []
    for name, known in state["groups"].items():
        answer = server_wire.call("DescribeLogGroups", {"logGroupNamePrefix": name})
        there = any(group["logGroupName"] == name for group in answer.json["logGroups"])
        if known["now"] == "unknown":
            # Half made or half deleted: begun anew, so that its state is known.
            if there and server_wire.call("DeleteLogGroup", {"logGroupName": name}).status != 200:
                faults.append(f"{name} cannot be deleted")
            known["now"] = None
            continue
        if there != (known["now"] == "alive"):
            faults.append(f"{name} should be {known['now'] or 'deleted'}")
        if known["now"] != "alive" or not there:
            continue
        texts = [event["message"] for event in pages(server_wire, "FilterLogEvents", {"logGroupName": name}, "events")]
        if texts != [f"kept {known['times']}"] * KEPT_EVENTS:
            faults.append(f"{name}, made {known['times']} times, holds {texts}")
    return faults


def check_backup(program, keys, log, state, folder):
    """Restores the newest backup and looks for what was acknowledged before it began."""
    target, acknowledged = state["backup"]
    data = folder / "restored"
    done = subprocess.run([str(program), "restore", "--from", str(target), "--data", str(data)], capture_output=True, text=True, timeout=BACKUP_SECONDS_MAX)
    if done.returncode != 0:
        return [f"the backup cannot be restored: {done.stderr}"]
    server = server_process.ServerProcess(program, data)
    try:
        server_wire = wire.Wire(server, keys)
        groups = {log.batches[batch][1] for batch in acknowledged}
        held = collections.Counter()
        for group in groups:
            for event in pages(server_wire, "FilterLogEvents", {"logGroupName": group}, "events"):
                held[group, event["logStreamName"], event["timestamp"], event["message"]] += 1
        wrong = [batch for batch in acknowledged
                 if any(held[log.batches[batch][1], log.batches[batch][2], t, m] != 1 for t, m in log.batches[batch][3])]
        return [f"the backup lacks or doubles events of batch {batch}" for batch in wrong]
    finally:
        server.kill()


class Unavailable(Exception):
    """503: the server is going down."""


def pages(server_wire, operation, body, member):
    """All items of a paged operation."""
    body = dict(body)
    while True:
        answer = server_wire.call(operation, body)
        if answer.status == 503:
            raise Unavailable(f"{operation} answered 503: {answer.body!r}")
        if answer.status != 200:
            raise AssertionError(f"{operation} answered {answer.status}: {answer.body!r}")
        yield from answer.json[member]
        if "nextToken" not in answer.json:
            return
        body["nextToken"] = answer.json["nextToken"]


def stream_events(server_wire, group, stream):
    """All events of one stream through GetLogEvents."""
    token = {}
    while True:
        answer = server_wire.call("GetLogEvents", {"logGroupName": group, "logStreamName": stream, "startFromHead": True, **token})
        if answer.status != 200:
            raise AssertionError(f"GetLogEvents answered {answer.status}: {answer.body!r}")
        page = answer.json
        yield from page["events"]
        if token.get("nextToken") == page["nextForwardToken"]:
            return
        token = {"nextToken": page["nextForwardToken"]}


def check(server_wire, log, groups, new_batches, seen):
    """Compares what the server holds in the groups with the log. Returns faults as text. The newest batches are also read
    by stream."""
    faults = []
    found = {}  # (group, stream) -> [(timestamp, message)] in the order read
    ids = {}  # event id -> the event, as a reader keeps it
    batches = {batch: known for batch, known in log.batches.items() if known[1] in groups}
    for group in groups:
        listed = {s["logStreamName"] for s in pages(server_wire, "DescribeLogStreams", {"logGroupName": group}, "logStreams")}
        for known_group, stream in log.streams:
            if known_group == group and stream not in listed:
                faults.append(f"the acknowledged stream {group} {stream} is lost")
        for event in pages(server_wire, "FilterLogEvents", {"logGroupName": group}, "events"):
            found.setdefault((group, event["logStreamName"]), []).append((event["timestamp"], event["message"]))
            if event["eventId"] in ids:
                faults.append(f"the event id {event['eventId']} appears twice")
            ids[event["eventId"]] = (event["eventId"], group, event["logStreamName"], event["timestamp"], event["message"])
    held = collections.Counter((group, stream, t, m) for (group, stream), events in found.items() for t, m in events)
    expected = set()
    for batch, (state, group, stream, events) in batches.items():
        there = [held[group, stream, t, m] for t, m in events]
        expected.update((group, stream, t, m) for t, m in events)
        if max(there) > 1:
            faults.append(f"batch {batch} ({state}) is stored {max(there)} times")
        if state == "acknowledged" and min(there) == 0:
            faults.append(f"batch {batch} was acknowledged and lacks {there.count(0)} of {len(events)} events")
        if state == "refused" and max(there) > 0:
            faults.append(f"batch {batch} was refused and is stored")
        if state == "sent" and min(there) != max(there):
            faults.append(f"batch {batch} got no answer and is stored in part: {len(there) - there.count(0)} of {len(events)} events")
    for event in seen:
        if ids.get(event[0]) != event:
            faults.append(f"a reader was shown {event[:4]} before the kill; now it is {(ids.get(event[0]) or ('gone',))[:4]}")
    for group, stream, t, m in held:
        if (group, stream, t, m) not in expected:
            faults.append(f"{group} {stream} holds what nobody sent: {t} {m[:120]!r}")
    order = {}
    for stream, events in found.items():
        if [t for t, _ in events] != sorted(t for t, _ in events):
            faults.append(f"{stream} is not read in the order of time")
        for position, event in enumerate(events):
            order[stream, event] = position
    for batch, (state, group, stream, events) in batches.items():
        positions = [order[(group, stream), event] for event in events if ((group, stream), event) in order]
        if positions != sorted(positions):
            faults.append(f"the events of batch {batch} are not in their order")
    for group, stream in sorted({(log.batches[b][1], log.batches[b][2]) for b in new_batches}):
        if [(e["timestamp"], e["message"]) for e in stream_events(server_wire, group, stream)] != found.get((group, stream), []):
            faults.append(f"GetLogEvents and FilterLogEvents disagree about {group} {stream}")
    return faults


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    program = server_process.binary()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-crash-"))
    data = folder / "data"
    log = Log()
    faults = []
    shown = 0
    server = None
    kept = {"groups": {}, "backup": None, "backups": 0}
    print(f"crash: {rounds} rounds, seed {seed}, {data}", flush=True)
    try:
        keys = server_process.create_key(program, data)
        for number in range(rounds):
            server = server_process.ServerProcess(program, data)
            server_wire = wire.Wire(server, keys)
            if number % ROUNDS_A_GROUP == 0:
                for group in groups_of(number):
                    answer = server_wire.call("CreateLogGroup", {"logGroupName": group})
                    if answer.status != 200:
                        raise server_process.ServerError(f"CreateLogGroup answered {answer.status}: {answer.body!r}")
            before = set(log.batches)
            writers = [Writer(server, keys, log, n, number, chance.random()) for n in range(WRITERS)]
            reader = Reader(server_wire, groups_of(number), number == rounds - 1)
            keeper = Keeper(program, server, keys, log, kept, folder, number, chance.random())
            for thread in (*writers, reader, keeper):
                thread.start()
            time.sleep(chance.uniform(*RUN_SECONDS))  # The random moment is the test.
            if number == rounds - 1:
                code = server.stop()
                if code != 0:
                    faults.append(f"SIGTERM during ingest: exit code {code}")
            else:
                if server.process.poll() is not None:
                    faults.append(f"round {number}: the server ended by itself with {server.process.returncode}")
                server.kill()
            for thread in (*writers, reader, keeper):
                thread.join()
                if thread.fault:
                    faults.append(f"round {number}: {thread.fault}")
            shown += len(reader.seen)
            output = server.output
            server = server_process.ServerProcess(program, data)
            found = check(wire.Wire(server, keys), log, groups_of(number), set(log.batches) - before, reader.seen)
            found += check_kept(wire.Wire(server, keys), kept)
            faults += [f"round {number}: {fault}" for fault in found]
            if number == rounds - 1:
                every = [group for first in range(0, rounds, ROUNDS_A_GROUP) for group in groups_of(first)]
                faults += [f"at the end: {fault}" for fault in check(wire.Wire(server, keys), log, every, (), ())]
            if number % 2:
                server.stop()
            else:
                server.kill()  # Right after recovery: replaying twice must change nothing.
            if faults:
                print(f"the killed server printed:\n{output}\nthe recovered one:\n{server.output}")
                break
            if number % 10 == 9 or number == rounds - 1:
                counts = log.counts()
                print(f"crash: round {number + 1}: {counts['acknowledged']} batches acknowledged, {counts['sent']} without an answer,"
                      f" {counts['refused']} refused, {shown} events shown to a reader, nothing lost, doubled or altered", flush=True)
        if not faults and kept["backup"]:
            server.kill()
            faults += check_backup(program, keys, log, kept, folder)
            made = sum(known["times"] for known in kept["groups"].values())
            print(f"crash: {made} groups made and deleted, {kept['backups']} backups, the newest restored with {len(kept['backup'][1])} batches", flush=True)
        if not faults and log.counts()["acknowledged"] < rounds:
            faults.append(f"only {log.counts()['acknowledged']} batches were acknowledged in {rounds} rounds: the test did not test")
    except (server_process.ServerError, AssertionError, Unavailable) as error:
        faults.append(str(error))
    finally:
        if server is not None:
            server.kill()
    for fault in faults[:50]:
        print(f"crash: {fault}")
    if faults:
        print(f"crash: {len(faults)} faults; seed {seed}; the directory stays: {data}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
