"""The mark of a spec, told without parsing."""

from __future__ import annotations

import re
from itertools import islice

from modelspec.source.bounds import MARK, MAX_DEPTH, MAX_NODES
from modelspec.spelling import find_meant

__all__ = ["find_mark", "find_slip"]

MAX_KEYS = 50
"""Keys among which one may be meant to be the mark."""


def find_mark(data: bytes) -> bool:
    """Whether a text without byte order mark has the key `modelspec` at its top."""
    if data.startswith(b"modelspec: "):
        return True
    first = re.search(rb"(?:^|[\r\n])(?:---[ \t]++)?[ \t]*+(?!---\s)([^\s#%])", data)
    if first is None or first.group(1) == b"[":
        return False
    if first.group(1) != b"{":
        return re.search(rb"""(?:^|[\r\n])(["']?)modelspec\1[ \t]*:(?:[ \t\r\n]|$)""", data) is not None
    tokens = re.compile(
        rb"""(["']?)(?<![\w.-])modelspec\1\s*:|"(?:[^"\\]++|\\.)*+"|'[^']*+'|(?<!\S)\#[^\r\n]*+|[\[{]|[\]}]""",
        re.DOTALL,
    )
    depth = 0
    for count, match in enumerate(tokens.finditer(data, first.start(1))):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        elif match.group(1) is not None and depth == 1:
            return True
        if count > MAX_NODES or depth > MAX_DEPTH:
            return True  # beyond the bounds: for `read` to tell
    return False


def find_slip(data: bytes) -> bool:
    """Whether a text without the mark has a key with the value 1 that is surely meant to be it, beside `layers`."""
    before = rb"[{,]\s*+" if data.lstrip()[:1] == b"{" else rb"(?:^|[\r\n])"
    if re.search(before + rb"""["']?layers["']?\s*:""", data) is None:
        return False
    keys = re.finditer(before + rb"""["']?([mM][A-Za-z_ -]{6,12})["']?\s*:\s*["']?1["']?(?=[\s,}]|$)""", data)
    return any(find_meant(key.group(1).decode(), (MARK,)) is not None for key in islice(keys, MAX_KEYS))
