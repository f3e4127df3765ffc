"""Where the comments of a YAML text are."""

from __future__ import annotations

from bisect import bisect_right

from modelspec.source.places import SCALAR, Index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_comments"]


def find_comments(text: str, index: Index) -> Iterator[tuple[int, int]]:
    """Start and end of each comment. `index` is that of the whole text."""
    at = text.find("#")
    while at >= 0:
        end = at + 1
        if (not at or text[at - 1] in " \t\r\n") and not _is_in_scalar(text, index, at):
            ends = [found for mark in "\r\n" if (found := text.find(mark, at)) >= 0]
            end = min(ends, default=len(text))
            yield at, end
        at = text.find("#", end)


def _is_in_scalar(text: str, index: Index, at: int) -> bool:
    """Whether this is part of a scalar. What follows the mark of a block scalar on its line is none of it."""
    node = bisect_right(index.starts, at) - 1
    if node < 0 or index.kinds[node] != SCALAR or index.ends[node] <= at:
        return False
    start = index.starts[node]
    return text[start] not in "|>" or "\n" in text[start:at] or "\r" in text[start:at]
