"""Path patterns: `*` is any text, dots included, `?` is one character. Matched in linear time, whatever the pattern."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["compile_pattern", "is_pattern"]


def is_pattern(text: str) -> bool:
    """Whether a path pattern is more than a path."""
    return "*" in text or "?" in text


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Give the test of whether a path matches as a whole."""
    if not is_pattern(pattern):
        return pattern.__eq__
    head, *rest = pattern.split("*")
    if not rest:
        return lambda path: len(path) == len(head) and _stands_at(head, path, 0)
    *middle, tail = rest
    least = len(head) + len(tail)

    def matches(path: str) -> bool:
        end = len(path) - len(tail)
        if len(path) < least or not _stands_at(head, path, 0) or not _stands_at(tail, path, end):
            return False
        # The first place for each part leaves the most room for the next.
        at = len(head)
        for part in middle:
            at = _find(part, path, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return matches


def _stands_at(part: str, path: str, at: int) -> bool:
    if "?" not in part:
        return path.startswith(part, at)
    return all(letter in ("?", path[at + offset]) for offset, letter in enumerate(part))


def _find(part: str, path: str, start: int, end: int) -> int:
    if "?" not in part:
        return path.find(part, start, end)
    return next((at for at in range(start, end - len(part) + 1) if _stands_at(part, path, at)), -1)
