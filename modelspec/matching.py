"""Which row of a model is which in another version: by path, then by structure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise

from modelspec.alignment import align, find_rising
from modelspec.report import Layer
from modelspec.rounds import Row, is_positional

__all__ = ["match"]

Pairs = dict[int, int]
"""Which row of the new version each row of the old one is, by their positions."""
Gap = tuple[Sequence[int], Sequence[int]]
"""Rows of both versions between neighbours that are paired, by their positions."""


def match(old: Sequence[Row], new: Sequence[Row]) -> Pairs:
    """Pair the rows of two versions.

    A layer with a name is the one with the same path. A path that tells the place (`Linear-3`, `features.3`) shifts
    when something is inserted before: such layers, and names that only one version has, are paired in order by type,
    arguments and shapes; then by type, between those that are paired; then by path.
    """
    pairs = _match_ends(old, new)
    _match_names(old, new, pairs)
    keys = _Keys(old, new, pairs)
    for gap in list(_list_gaps(pairs, len(old), len(new))):
        _match_gap(gap, keys.old, keys.new, pairs)
    types = [row.layer.type for row in old], [row.layer.type for row in new]
    for gap in list(_list_gaps(pairs, len(old), len(new))):
        _match_gap(gap, *types, pairs)
    _match_paths(old, new, pairs)
    return pairs


def _match_ends(old: Sequence[Row], new: Sequence[Row]) -> Pairs:
    """The rows at the beginning and at the end that are the same in path and structure."""
    least = min(len(old), len(new))
    head = 0
    while head < least and _is_same(old[head], new[head]):
        head += 1
    pairs = {at: at for at in range(head)}
    for tail in range(1, least - head + 1):
        if not _is_same(old[-tail], new[-tail]):
            break
        pairs[len(old) - tail] = len(new) - tail
    return pairs


def _is_same(old: Row, new: Row) -> bool:
    return (
        old.path == new.path
        and old.repeat == new.repeat
        and old.layer.type == new.layer.type
        and old.layer.output_shape == new.layer.output_shape
        and old.layer.arguments == new.layer.arguments
    )


def _match_names(old: Sequence[Row], new: Sequence[Row], pairs: Pairs) -> None:
    taken = set(pairs.values())
    named: dict[str, int] = {}
    for at, row in enumerate(new):
        if at not in taken and not is_positional(row.layer):
            # Further rounds of a shared repeat may bear the same path: they are paired by structure.
            named.setdefault(row.path, at)
    for at, row in enumerate(old):
        if at not in pairs and row.path in named and not is_positional(row.layer):
            pairs[at] = named.pop(row.path)


class _Keys:
    """Type, arguments and shapes of the rows that are not paired, as what can be looked up."""

    def __init__(self, old: Sequence[Row], new: Sequence[Row], pairs: Pairs) -> None:
        taken = set(pairs.values())
        self.old = [None if at in pairs else _make_key(row.layer) for at, row in enumerate(old)]
        self.new = [None if at in taken else _make_key(row.layer) for at, row in enumerate(new)]


def _make_key(layer: Layer) -> Hashable:
    shapes = tuple(tuple(value.shape) for value in layer.outputs.values())
    return layer.type, repr(layer.arguments), shapes


def _list_gaps(pairs: Pairs, old: int, new: int) -> Iterator[Gap]:
    """What is not paired between neighbours that are paired in order, where there is some of both versions."""
    ordered = sorted(pairs)
    rising = [ordered[at] for at in find_rising([pairs[one] for one in ordered])]
    bounds = [(-1, -1), *((one, pairs[one]) for one in rising), (old, new)]
    taken = set(pairs.values())
    for (one, other), (next_one, next_other) in pairwise(bounds):
        if next_one - one == 1 or next_other - other == 1:
            continue
        left = [at for at in range(one + 1, next_one) if at not in pairs]
        right = [at for at in range(other + 1, next_other) if at not in taken]
        if left and right:
            yield left, right


def _match_gap(gap: Gap, old: Sequence[Hashable], new: Sequence[Hashable], pairs: Pairs) -> None:
    left, right = gap
    for one, other in align([old[at] for at in left], [new[at] for at in right]):
        pairs[left[one]] = right[other]


def _match_paths(old: Sequence[Row], new: Sequence[Row], pairs: Pairs) -> None:
    """What is left, by path and type: what changed so that nothing of its structure is the same."""
    taken = set(pairs.values())
    left: dict[str, int] = {}
    for at, row in enumerate(new):
        if at not in taken:
            left.setdefault(row.path, at)
    for at, row in enumerate(old):
        found = left.get(row.path) if at not in pairs else None
        if found is not None and new[found].layer.type == row.layer.type:
            pairs[at] = left.pop(row.path)
