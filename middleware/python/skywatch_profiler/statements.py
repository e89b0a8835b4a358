# SPDX-License-Identifier: Apache-2.0
"""Finds statements that a request runs again and again: the N+1 fault."""
from __future__ import annotations

import re

# A request that runs more different texts than this is not an N+1 of one statement; later texts are not looked at.
TEXTS_MAX = 256
_TEXT_CHARACTERS_MAX = 2000

_LITERAL = re.compile(r"""'(?:[^']|'')*'|\b0x[0-9a-fA-F]+\b|\b\d+(?:\.\d+)?\b""")
_LIST = re.compile(r"\(\s*(?:\?|%s|[$:@][\w?]+|%\(\w+\)s)(?:\s*,\s*(?:\?|%s|[$:@][\w?]+|%\(\w+\)s))*\s*\)")
_BLANKS = re.compile(r"\s+")
_TRANSACTION = re.compile(r"\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START|SET)\b", re.IGNORECASE)


def shape(sql: str) -> str:
    """The statement without what changes from call to call: literals, the length of lists, blanks."""
    text = _LITERAL.sub("?", sql[:_TEXT_CHARACTERS_MAX])
    return _BLANKS.sub(" ", _LIST.sub("(?)", text)).strip()


def most_repeated(texts: dict[str, int], over: int) -> int:
    """How often the most frequent shape ran, from {statement text: count}; 0 when that is not more than `over`.

    Statements that only open and close transactions do not count."""
    if sum(texts.values()) <= over:
        return 0
    shapes = {}
    for text, count in texts.items():
        if not _TRANSACTION.match(text):
            key = shape(text)
            shapes[key] = shapes.get(key, 0) + count
    most = max(shapes.values(), default=0)
    return most if most > over else 0
