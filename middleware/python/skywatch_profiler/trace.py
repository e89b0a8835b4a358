# SPDX-License-Identifier: Apache-2.0
"""The trace that a request belongs to, from the headers of X-Ray or of W3C Trace Context."""
from __future__ import annotations

import re

XRAY_HEADER = "x-amzn-trace-id"
W3C_HEADER = "traceparent"

# Root=1-<8 hex: time>-<24 hex>, somewhere among the fields that ';' separates.
_XRAY = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:\s*;|\s*$)")
# version-trace-parent-flags; version ff is forbidden and a trace of zeros means none. https://www.w3.org/TR/trace-context/
_W3C = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_HEADER_CHARACTERS_MAX = 512


def trace_id(xray: str | None, w3c: str | None) -> str | None:
    """The id as its own standard writes it, X-Ray first; None when neither header is present and well-formed."""
    if xray and len(xray) <= _HEADER_CHARACTERS_MAX:
        match = _XRAY.search(xray)
        if match:
            return match[1]
    if w3c and len(w3c) <= _HEADER_CHARACTERS_MAX:
        match = _W3C.fullmatch(w3c.strip())
        if match:
            return match[1]
    return None
