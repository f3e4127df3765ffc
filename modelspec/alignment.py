"""Two sequences laid beside one another: as many equal members as can be paired in order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from itertools import compress, pairwise

__all__ = ["MAX_CELLS", "align", "find_rising"]

MAX_CELLS = 2**28
"""Members of one sequence times members of the other that are weighed, a bit each: 32 MiB, a tenth of a second."""


def align(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pair equal members of two sequences by their positions, in order: as many as possible.

    The common beginning and end are paired first. What is left and too much to be weighed (`MAX_CELLS`) is not paired.
    """
    least = min(len(old), len(new))
    head = 0
    while head < least and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < least - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    pairs = [(at, at) for at in range(head)]
    middle = range(head, len(old) - tail), range(head, len(new) - tail)
    both = {old[at] for at in middle[0]} & {new[at] for at in middle[1]}
    left = list(compress(middle[0], (old[at] in both for at in middle[0])))
    right = list(compress(middle[1], (new[at] in both for at in middle[1])))
    if len(left) * len(right) <= MAX_CELLS:
        found = _weigh([old[at] for at in left], [new[at] for at in right])
        pairs += [(left[one], right[other]) for one, other in found]
    pairs += [(len(old) - at, len(new) - at) for at in range(tail, 0, -1)]
    return pairs


def _weigh(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """A longest common subsequence, with the rows of its table as bits of whole numbers.

    After Hyyrö, "Bit-parallel LCS-length computation revisited" (2004): bit `i` of the row of a member of `new` is 0
    where the longest common subsequence with `old[: i + 1]` is longer by one than that with `old[:i]`.
    """
    places: dict[Hashable, int] = {}
    for at, member in enumerate(old):
        places[member] = places.get(member, 0) | 1 << at
    full = (1 << len(old)) - 1
    row = full
    rows = [row]
    for member in new:
        same = row & places[member]
        row = (row + same | row - same) & full
        rows.append(row)
    pairs = []
    one, other = len(old), len(new)
    while one and other:
        if rows[other] >> one - 1 & 1:
            one -= 1
        else:
            other -= 1
            if rows[other] >> one - 1 & 1:
                one -= 1
                pairs.append((one, other))
    return pairs[::-1]


def find_rising(numbers: Sequence[int]) -> list[int]:
    """The positions of a longest rising subsequence."""
    if all(one < other for one, other in pairwise(numbers)):
        return list(range(len(numbers)))
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for at, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(places[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        places[length : length + 1] = [at]
    found = []
    at = places[-1] if places else -1
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]
