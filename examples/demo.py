#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one of the sample applications against a fresh skywatch: sends it traffic, asks the article's query, shows the table.

    python examples/demo.py go-http

The exit code is 0 only if the table counts exactly the requests that were sent. SKYWATCH_BIN names the program, else
build/release/skywatch or build/dev/skywatch. ./dev demo is the one of Django.
"""
import argparse
import pathlib
import sys
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "middleware"), str(ROOT / "tools")]

import demo_table  # noqa: E402
import processes  # noqa: E402
import server_process  # noqa: E402
import stacks  # noqa: E402
import traffic  # noqa: E402

ROUNDS = 12
COUNTED = '@message | parse @message "[*] * * * *" as logger, method, view, duration, status_code | stats count(*) as n by method, view, status_code'


def program():
    try:
        return server_process.binary("build/release/skywatch")
    except server_process.ServerError:
        return server_process.binary("build/dev/skywatch")


def main():
    known = {stack.cwd.name: stack for stack in stacks.stacks() if stack.cwd.parent == ROOT / "examples"}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example", choices=sorted(known))
    stack = known[parser.parse_args().example]
    if stack.missing:
        sys.exit(f"demo: {stack.missing}; ./dev deps installs it")
    if stack.prepare is not None:
        stack.prepare()
    with tempfile.TemporaryDirectory(prefix="skywatch-demo-") as folder:
        data = pathlib.Path(folder) / "data"
        keys = server_process.create_key(program(), data)
        server = server_process.ServerProcess(program(), data)
        try:
            skywatch = processes.Skywatch(server, keys)
            group = "shop-" + uuid.uuid4().hex[:8]
            application = processes.Application(stack.command, stack.cwd, {**stack.environment, **skywatch.environment(group)})
            try:
                application.wait_ready()
                print(f"demo: skywatch at {server.url}, the application at {application.url}, {ROUNDS * len(traffic.ROUND)} requests", flush=True)
                sent = traffic.Traffic(application.url)
                sent.run(stack.views, ROUNDS)
            finally:
                application.stop()
            counted = {(row["method"], row["view"], row["status_code"]): int(row["n"]) for row in skywatch.query(group, COUNTED)}
            rows = [tuple(row[column] for column in demo_table.COLUMNS) for row in skywatch.query(group, demo_table.QUERY)]
            print(f"\n  for example  {skywatch.messages(group)[0]}\n")
            print("\n".join("  " + line for line in demo_table.QUERY.splitlines()) + "\n")
            print("\n".join("  " + line for line in demo_table.render(rows).splitlines()) + "\n")
        finally:
            server.stop()
    faults = list(sent.faults)
    if counted != dict(sent.sent):
        faults.append(f"sent {dict(sent.sent)}, counted {counted}")
    for fault in faults:
        print(f"demo: {fault}", file=sys.stderr)
    print(f"demo: the table counts {'every request' if not faults else 'other requests than were sent'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
