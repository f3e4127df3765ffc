"""Slips of the pen in one word, and the known word that is surely meant by it."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["find_meant"]

_SHORTEST = 3
"""Letters of a word of which one can be wrong."""


def find_meant(word: str, known: Iterable[str]) -> str | None:
    """The one known word that is surely meant: it differs in case or in how words are joined, or in a letter or two,
    and no other does. None where that can be doubted.
    """
    if len(word) > 100:
        return None
    known = tuple(dict.fromkeys(known))
    alike = [other for other in known if _fold(other) == _fold(word)]
    if alike:
        return alike[0] if len(alike) == 1 else None
    allowed = 1 if len(word) <= 5 else 2
    if len(word) < _SHORTEST:
        return None
    near = sorted((_count_slips(word.lower(), other.lower(), allowed + 2), other) for other in known)
    if not near or near[0][0] > allowed:
        return None
    return near[0][1] if len(near) == 1 or near[1][0] > allowed else None


def _fold(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")


def _count_slips(one: str, other: str, enough: int) -> int:
    """Letters that are wrong, missing, too many, or exchanged with the next; no more than `enough` are counted.

    A digit is no slip of another, nor one too many: `Conv2d` is not meant by `Conv1d`.
    """
    if abs(len(one) - len(other)) > enough:
        return enough
    before: list[int] = []
    row = [0]
    for letter in other:
        row.append(row[-1] + _weigh(letter))
    for i, left in enumerate(one, 1):
        two_before, before, row = before, row, [row[0] + _weigh(left)]
        for j, right in enumerate(other, 1):
            best = min(
                before[j] + _weigh(left),
                row[j - 1] + _weigh(right),
                before[j - 1] + (0 if left == right else max(_weigh(left), _weigh(right))),
            )
            if i > 1 and j > 1 and left == other[j - 2] and right == one[i - 2]:
                best = min(best, two_before[j - 2] + 1)
            row.append(best)
    return min(row[-1], enough)


def _weigh(letter: str) -> int:
    return 3 if letter.isdigit() else 1
