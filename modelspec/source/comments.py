"""Where the comments of a YAML text are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from modelspec.source.places import SCALAR, Index

__all__ = ["find_comments"]

_COMMENT = re.compile(r"(?:^|(?<=[ \t\r\n]))#[^\r\n]*")


def find_comments(text: str, index: Index) -> Iterator[tuple[int, int]]:
    """Start and end of each comment. `index` is that of the whole text."""
    at = 0
    while (match := _COMMENT.search(text, at)) is not None:
        at = match.end()
        node = bisect_right(index.starts, match.start()) - 1
        inside = node >= 0 and index.kinds[node] == SCALAR and index.ends[node] > match.start()
        if inside and not _is_behind_header(text, index.starts[node], match.start()):
            # The rest of the line may yet hold one, behind the scalar.
            at = match.start() + 1
            continue
        yield match.span()


def _is_behind_header(text: str, start: int, at: int) -> bool:
    """Whether this is on the first line of a block scalar, where its text has not begun."""
    return text[start] in "|>" and "\n" not in text[start:at] and "\r" not in text[start:at]
