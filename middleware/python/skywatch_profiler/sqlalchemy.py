# SPDX-License-Identifier: Apache-2.0
"""SQLAlchemy:

    from skywatch_profiler.sqlalchemy import watch_engine
    watch_engine(engine)          # an AsyncEngine too; without an argument every engine
"""
from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from .measure import current

_KEY = "skywatch_profiler"


def _before(connection, cursor, statement, parameters, context, executemany):
    measured = current()
    if measured is not None:
        measured.query_starts()
        # The end belongs to the request that started it, even if the events run elsewhere.
        connection.info.setdefault(_KEY, []).append(measured)


def _ended(connection, statement):
    running = connection.info.get(_KEY)
    if running:
        running.pop().query_ends(statement)


def _after(connection, cursor, statement, parameters, context, executemany):
    _ended(connection, statement)


def _failed(context):
    # Also called for failures that are no execution, such as a refused connection.
    if context.connection is not None and context.statement is not None:
        _ended(context.connection, context.statement)


def watch_engine(engine: Any = Engine) -> None:
    """Counts the executions of an engine, or of every engine. May be called again without effect."""
    target = getattr(engine, "sync_engine", engine)
    for name, handler in (("before_cursor_execute", _before), ("after_cursor_execute", _after), ("handle_error", _failed)):
        if not event.contains(target, name, handler):
            event.listen(target, name, handler)
