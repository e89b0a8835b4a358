# SPDX-License-Identifier: Apache-2.0
"""`skywatch query` on a terminal without a query: a pseudo-terminal types and reads."""
import os
import pty
import re
import select
import signal
import stat
import struct
import fcntl
import termios
import time

import pytest

SECONDS_MAX = 30
TAB, CTRL_C, CTRL_D, UP = "\t", "\x03", "\x04", "\x1b[A"


class Terminal:
    """A program on a pseudo-terminal of `columns` columns."""

    def __init__(self, program, arguments, environment, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(str(program), [str(program), *arguments], environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.text = ""
        self.status = None

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern):
        """Waits for the pattern in what came since the last match; returns that text without escape sequences."""
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text)
            found = re.search(pattern, plain)
            if found:
                self.text = plain[found.end():]
                return plain[:found.end()]
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            try:
                part = os.read(self.fd, 65536) if ready else b""
            except OSError:  # The program has ended: Linux's way to say so.
                part = b""
            assert part, f"no {pattern!r} in {plain!r}"
            self.text += part.decode(errors="replace")

    def wait(self):
        deadline = time.monotonic() + SECONDS_MAX
        while self.status is None and time.monotonic() < deadline:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.status = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.01)  # waitpid() has no other bound.
        assert self.status is not None, "it did not end"
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def shell(program, server, keys, tmp_path):
    """shell(*arguments, columns=...) -> a Terminal with `skywatch query`; its history is tmp_path/state/skywatch/query_history."""
    opened = []

    def start(*arguments, columns=80):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SKYWATCH_"))}
        environment.update(AWS_ACCESS_KEY_ID=keys[0], AWS_SECRET_ACCESS_KEY=keys[1], SKYWATCH_ENDPOINT=server.url, TERM="xterm",
                           NO_COLOR="1", LC_ALL="C.UTF-8", XDG_STATE_HOME=str(tmp_path / "state"))
        environment.pop("COLUMNS", None)
        opened.append(Terminal(program, ["query", *arguments], environment, columns))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.fixture
def filled(logs, group, now):
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[
        {"timestamp": now - 2, "message": '{"duration": 12.5, "view": "user-list"}'},
        {"timestamp": now - 1, "message": '{"duration": 2.5, "view": "user-list"}'},
        {"timestamp": now, "message": "x" * 300}])
    return group


def test_lines_run_and_errors_do_not_end_it(shell, filled, tmp_path):
    terminal = shell("--group", filled)
    prompt = re.escape(filled) + "> "
    terminal.expect(prompt)
    terminal.type("stats count(*) as n\r")
    assert re.search(r"n\r\n-\r\n3\r\n", terminal.expect(prompt))
    terminal.type("fieldz x\r")
    assert "MalformedQueryException" in terminal.expect(prompt)
    terminal.type("filter view = 'user-list' |\r")
    terminal.expect(r"\| $")  # The second prompt: the line goes on.
    terminal.type("stats sum(duration) as s by view\r")
    assert re.search(r"user-list +15\r\n", terminal.expect(prompt))
    terminal.type("\\nonsense\r")
    assert "\\help" in terminal.expect(prompt)
    terminal.type("\\output json\r")
    terminal.expect(prompt)
    terminal.type("stats count(*) as n\r")
    assert '{"n":"3"}' in terminal.expect(prompt)
    terminal.type("half a line" + CTRL_C)
    terminal.expect(prompt)
    terminal.type("\\quit\r")
    assert terminal.wait() == 0

    history = tmp_path / "state/skywatch/query_history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.parent.stat().st_mode) == 0o700
    # The next session begins where this one ended; Ctrl-D ends it.
    again = shell("--group", filled)
    again.expect(prompt)
    again.type(UP + UP + "\r")
    assert re.search(r"n\r\n-\r\n3\r\n", again.expect(prompt))
    again.type(CTRL_D)
    assert again.wait() == 0


def test_completion_of_commands_functions_fields_and_groups(shell, filled):
    terminal = shell("--group", filled)
    prompt = re.escape(filled) + "> "
    terminal.expect(prompt)
    # What is typed is redrawn piece by piece; the answer tells whether it was completed.
    terminal.type("stat" + TAB + "count_dist" + TAB + "durat" + TAB + ") as total\r")
    assert re.search(r"total\r\n-+\r\n +2\r\n", terminal.expect(prompt))
    terminal.type("fields @" + TAB)
    listed = terminal.expect(r"@timestamp")
    assert "@logStream" in listed and "@message" in listed
    terminal.expect(prompt + "fields @")  # The line is shown anew below the list.
    terminal.type(CTRL_C)
    terminal.expect(prompt)
    terminal.type("\\groups " + filled[:-4] + TAB + "\r")
    terminal.expect(prompt)
    terminal.type("\\groups\r")
    assert filled + "\r\n" in terminal.expect(prompt)


def test_the_table_fits_the_terminal(shell, filled):
    terminal = shell("--group", filled, columns=60)
    prompt = re.escape(filled[:20])
    terminal.expect(prompt)
    terminal.type("fields @timestamp, @message | sort @timestamp\r")
    shown = terminal.expect(r"3 rows")
    table = shown[shown.index("@timestamp  "):]
    assert "…" in table
    lines = [line for line in table.splitlines() if line.strip()]
    assert len(lines) == 6 and max(map(len, lines)) <= 60, lines


def test_without_a_terminal_a_query_is_needed(program, server):
    import subprocess

    done = subprocess.run([str(program), "query", "--endpoint", server.url], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_MAX)
    assert done.returncode == 2 and b"QUERY is required" in done.stderr
