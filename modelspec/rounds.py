"""The rows of two versions of a model, cut so that rounds of one stand beside the same rounds of the other.

Where one round of twelve is made different, all rows of the rounds around it are reported in pieces: rounds 0 to 4, 5,
and 6 to 11. Beside a version in which all twelve are one row, that row is cut into the same pieces, and what did not
change is seen not to have changed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from modelspec.limit import LAYER_METRICS
from modelspec.record import NamedTuple
from modelspec.report import Layer

__all__ = ["Row", "cut", "is_positional", "join"]


class Row(NamedTuple):
    """So many equal rounds of a layer, from the one with this path on: a row of the report, or a piece of one.

    `start` is the number of the first round, counted within the row.
    """

    layer: Layer
    path: str
    repeat: int
    start: int = 0

    def measure(self, metric: str) -> int | None:
        """What all of the rounds cost together."""
        value: int | None = getattr(self.layer, metric)
        if value is None or self.repeat == self.layer.repeat:
            return value
        return value * self.repeat // self.layer.repeat


class _Level(NamedTuple):
    """A number in a path that may be that of a round: what stands before it, the number, and what stands behind."""

    prefix: str
    number: int
    suffix: str


class _Piece(NamedTuple):
    """A row and the level that counts its rounds; it is cut at some of the numbers at which rounds begin."""

    layer: Layer
    level: _Level | None = None
    numbers: Sequence[int] = ()
    some: range = range(0)


def cut(old: Sequence[Layer], new: Sequence[Layer]) -> tuple[list[Row], list[Row]]:
    """The rows of both versions, cut where a round of the other begins.

    Nothing is cut where that would make many times more rows, where it is not clear which number of a path counts the
    rounds, or where the costs of a row are not those of equal rounds.
    """
    sides = (old, new)
    whole = (
        [Row(layer, layer.path, layer.repeat) for layer in old],
        [Row(layer, layer.path, layer.repeat) for layer in new],
    )
    if not any(layer.repeat > 1 for side in sides for layer in side):
        return whole
    levels = [_list_levels(layer) for layer in old], [_list_levels(layer) for layer in new]
    numbers = _list_numbers(levels[0]), _list_numbers(levels[1])
    strange = _list_strange(old, levels[0], numbers[0]) | _list_strange(new, levels[1], numbers[1])
    room = 2 * (len(old) + len(new)) + 1_000
    done = []
    for side, own, other in ((old, levels[0], numbers[1]), (new, levels[1], numbers[0])):
        pieces = [_place_cuts(layer, found, strange, other) for layer, found in zip(side, own, strict=True)]
        room -= sum(len(piece.some) for piece in pieces)
        if room < 0:
            return whole
        done.append(_split(pieces))
    return done[0], done[1]


def _list_numbers(levels: Iterable[Iterable[_Level]]) -> dict[str, list[int]]:
    """The numbers of rounds that begin, by what stands before them in the path."""
    found: dict[str, set[int]] = {}
    for several in levels:
        for level in several:
            found.setdefault(level.prefix, set()).add(level.number)
    return {prefix: sorted(numbers) for prefix, numbers in found.items()}


def _list_strange(
    layers: Sequence[Layer], levels: Sequence[Iterable[_Level]], numbers: dict[str, list[int]]
) -> set[str]:
    """The beginnings of paths behind which a number counts no rounds: others begin among what would be a row's."""
    return {
        level.prefix
        for layer, several in zip(layers, levels, strict=True)
        if layer.repeat > 1
        for level in several
        if _find_inside(layer, level, numbers)
    }


def is_positional(layer: Layer) -> bool:
    """Whether a layer is called by its place, not by a name: such a path shifts when something is inserted before."""
    last = layer.path.rpartition(".")[2]
    return last.isdecimal() or _is_type_and_number(layer, last)


def _is_type_and_number(layer: Layer, step: str) -> bool:
    kind, _, number = step.rpartition("-")
    return kind == layer.type and number.isdecimal()


_WHOLE = re.compile(r"(?<![^.])[0-9]{1,9}(?![^.])")
_ENDING = re.compile(r"(?<![0-9])[0-9]{1,9}(?![^.])")
"""Steps of a path that are numbers, and numbers that end a step. Longer ones are no numbers of rounds."""


def _list_levels(layer: Layer) -> list[_Level]:
    """The numbers in a path that may count rounds: steps that are numbers or, without any, numbers that end a name."""
    path = layer.path
    last = path.rpartition(".")[2]
    end = len(path) - len(last) if _is_type_and_number(layer, last) else len(path)
    found = [*_WHOLE.finditer(path, 0, end)] or _ENDING.finditer(path, 0, end)
    return [_Level(path[: each.start()], int(each[0]), path[each.end() :]) for each in found]


def _place_cuts(layer: Layer, found: Iterable[_Level], strange: set[str], other: dict[str, list[int]]) -> _Piece:
    levels = [level for level in found if level.prefix not in strange] if layer.repeat > 1 else []
    if len(levels) != 1:
        return _Piece(layer)
    some = _find_inside(layer, levels[0], other)
    if some and any((getattr(layer, metric) or 0) % layer.repeat for metric in LAYER_METRICS):
        return _Piece(layer, levels[0])
    return _Piece(layer, levels[0], other.get(levels[0].prefix, ()), some)


def _find_inside(layer: Layer, level: _Level, numbers: dict[str, list[int]]) -> range:
    """The positions of the numbers at which a round begins among a row's, but for its first."""
    known = numbers.get(level.prefix, [])
    return range(bisect_right(known, level.number), bisect_left(known, level.number + layer.repeat))


def _split(pieces: Sequence[_Piece]) -> list[Row]:
    """Cut the rows. Pieces of neighbours of one level stand by rounds, as the report has them."""
    rows: list[Row] = []
    waiting: list[tuple[int, Row]] = []
    around: tuple[str, int] | None = None
    for piece in pieces:
        level = piece.level
        here = None if level is None else (level.prefix, level.number)
        if here != around:
            rows += [row for _, row in sorted(waiting, key=lambda each: each[0])]
            waiting, around = [], here
        if level is None:
            rows.append(Row(piece.layer, piece.layer.path, piece.layer.repeat))
            continue
        cuts = [piece.numbers[at] for at in piece.some]
        bounds = [level.number, *cuts, level.number + piece.layer.repeat]
        for start, end in pairwise(bounds):
            path = f"{level.prefix}{start}{level.suffix}" if start != level.number else piece.layer.path
            waiting.append((start, Row(piece.layer, path, end - start, start - level.number)))
    return rows + [row for _, row in sorted(waiting, key=lambda each: each[0])]


def join(rows: Sequence[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """Put pieces of one row that follow one another together again; each with a number, the first one's is kept."""
    last: dict[int, int] = {}
    joined: list[tuple[int, Row]] = []
    for number, row in rows:
        at = last.get(id(row.layer))
        if at is not None and joined[at][1].start + joined[at][1].repeat == row.start:
            first, before = joined[at]
            joined[at] = first, before._replace(repeat=before.repeat + row.repeat)
        else:
            last[id(row.layer)] = len(joined)
            joined.append((number, row))
    return joined
