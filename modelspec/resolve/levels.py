"""Names in their levels: which step of a part a path means."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.entry import SPOILT
from modelspec.graph import GONE, Group, Incoming, Inside, Leaf, Of, Part, Source
from modelspec.spot import Spot, show_name
from modelspec.template import Template

__all__ = [
    "Level",
    "binds_index",
    "enter",
    "inner_index",
    "is_in_spoilt",
    "level_of",
    "list_paths",
    "list_rounds",
    "search",
    "search_group",
]


class Level:
    """The names of a part's level, those in unnamed containers included, and what they stand for.

    It grows with the part, which may still be on its way. `twice` are names that two things bear.
    """

    __slots__ = ("done", "index", "part", "table", "twice")

    def __init__(self, part: Part, index: int | None) -> None:
        self.part = part
        self.index = index
        self.table: dict[str, Source] = {}
        self.twice: list[tuple[str, Source, Source]] = []
        self.done = 0

    def read(self) -> dict[str, Source]:
        """The names of all steps that there are by now."""
        while self.done < len(self.part.steps):
            for name, source in self._list(self.done):
                if name in self.table:
                    self.twice.append((name, self.table[name], source))
                else:
                    self.table[name] = source
            self.done += 1
        return self.table

    def _list(self, step: int) -> Iterator[tuple[str, Source]]:
        part = self.part
        done, label = part.steps[step], part.labels[step]
        if done is GONE:
            return
        if not isinstance(done, Group):
            if label is not None or part.numbered:
                yield self._name(step, self.index, 0), Of(step)
            return
        if label is None and not part.numbered and not done.indexed:
            yield from self._list_inside(step, done)
        elif done.repeated and not done.shared and (not done.indexed or label is None):
            # Each round has a name of its own.
            for run, chosen in enumerate(done.runs):
                for turn in range(chosen.length):
                    number = chosen.start + turn
                    if label is None and not part.numbered:
                        yield str(number), Inside(step, run, turn)
                    else:
                        yield self._name(step, number, number), Inside(step, run, turn)
        else:
            yield self._name(step, self.index, 0), Of(step)

    def _name(self, step: int, index: int | None, round: int) -> str:
        label = self.part.labels[step]
        if isinstance(label, Template):
            names = self.part.names
            return show_name(label, names, index)
        return label if isinstance(label, str) else str(self.part.ordinal(step) + round)

    def _list_inside(self, step: int, group: Group) -> Iterator[tuple[str, Source]]:
        for run, chosen in enumerate(group.runs):
            item = chosen.item
            if isinstance(item, Leaf) or (group.shared and run):
                continue
            # Without an index in them, the names of a second round are those of the first: one more shows that.
            rounds = chosen.length if binds_index(item) else min(chosen.length, 2)
            for turn in range(1 if group.shared else rounds):
                inner = level_of(item, inner_index(group, item, self.index, run, turn))
                for name, source in inner.read().items():
                    yield name, Inside(step, run, turn, source)
                for name, _, source in inner.twice:
                    yield name, Inside(step, run, turn, source)


def inner_index(group: Group, item: Part, index: int | None, run: int, round: int) -> int | None:
    """The index that holds in a round of a group."""
    if item.isolated:
        return None
    if not group.repeated:
        return index
    return None if group.shared else group.runs[run].start + round


def binds_index(part: Part) -> bool:
    """Whether a name in the part's level holds the index that the part stands in."""
    if part.binds is None:
        part.binds = not part.isolated and any(
            (isinstance(label, Template) and "index" in label.names)
            or (
                label is None
                and isinstance(done, Group)
                and not done.repeated
                and any(isinstance(run.item, Part) and binds_index(run.item) for run in done.runs)
            )
            for label, done in zip(part.labels, part.steps, strict=False)
        )
    return part.binds


def level_of(part: Part, index: int | None) -> Level:
    """The names of a part that is complete."""
    if index is not None and binds_index(part):
        return Level(part, index)
    if part.level is None:
        part.level = Level(part, index)
    known: Level = part.level
    return known


def search(level: Level, path: str) -> Source | None:
    """What a path means, seen from this level; None if there is no such thing."""
    table = level.read()
    found = table.get(path)
    dot = path.rfind(".")
    while found is None and dot > 0:
        head = table.get(path[:dot])
        if head is not None:
            found = descend(level.part, level.index, head, path[dot + 1 :])
        dot = path.rfind(".", 0, dot)
    return found


def descend(part: Part, index: int | None, source: Source, rest: str) -> Source | None:
    """What the rest of a path means inside of what a source names."""
    if isinstance(source, Incoming):
        return None
    group = part.at(source.step)
    if not isinstance(group, Group):
        return None
    if isinstance(source, Of):
        return search_group(group, source.step, index, rest)
    if source.source is None:
        return enter(group, source, index, rest)
    item = group.runs[source.run].item
    assert isinstance(item, Part)
    inner = descend(item, inner_index(group, item, index, source.run, source.round), source.source, rest)
    return None if inner is None else source._replace(source=inner)


def search_group(group: Group, step: int, index: int | None, rest: str) -> Source | None:
    """What the rest of a path means inside of a group; its first part is a round's index, where it has one."""
    if not group.runs:
        return None
    if not group.indexed:
        return enter(group, Inside(step, *group.last), index, rest)
    number, _, more = rest.partition(".")
    place = group.locate(int(number)) if number.isdecimal() and len(number) < 20 else None
    if place is None:
        return None
    found = Inside(step, *place)
    return enter(group, found, index, more) if more else found


def enter(group: Group, at: Inside, index: int | None, rest: str) -> Source | None:
    """What the rest of a path means in a round."""
    item = group.runs[at.run].item
    if isinstance(item, Leaf):
        return None
    inner = search(level_of(item, inner_index(group, item, index, at.run, at.round)), rest)
    return None if inner is None else at._replace(source=inner)


MAX_OFFERS = 300
"""Paths among which one is sought that may be meant."""


def list_paths(level: Level) -> list[str]:
    """The paths of what stands inside of what has a name here, as far down as there is room for."""
    found: list[str] = []
    waiting = [("", level)]
    while waiting and len(found) < MAX_OFFERS:
        prefix, here = waiting.pop(0)
        for name, source in here.read().items():
            if prefix and len(found) < MAX_OFFERS:
                found.append(prefix + name)
            below = _level_in(here, source)
            if below is not None and len(waiting) < MAX_OFFERS:
                waiting.append((f"{prefix}{name}{below[0]}.", below[1]))
    return found


def _level_in(level: Level, source: Source) -> tuple[str, Level] | None:
    """The level that something opens, with what its paths have before them beside its name; the last round's."""
    part, index = level.part, level.index
    while isinstance(source, Inside) and source.source is not None:
        group = part.steps[source.step]
        assert isinstance(group, Group)
        item = group.runs[source.run].item
        assert isinstance(item, Part)
        part, index, source = item, inner_index(group, item, index, source.run, source.round), source.source
    if isinstance(source, Incoming):
        return None
    group = part.steps[source.step]
    if not isinstance(group, Group) or not group.runs:
        return None
    run, turn = (source.run, source.round) if isinstance(source, Inside) else group.last
    item = group.runs[run].item
    if isinstance(item, Leaf):
        return None
    number = f".{group.runs[run].start + turn}" if group.indexed and isinstance(source, Of) else ""
    return number, level_of(item, inner_index(group, item, index, run, turn))


def is_in_spoilt(spot: Spot, path: str) -> bool:
    """Whether a path that means nothing may be that of something in what an error has spoilt."""
    seen: set[int] = set()
    at: Spot | None = spot
    while at is not None:
        part = at.part
        if part.vague:
            return True
        for label, done in zip(part.labels, part.steps, strict=False):
            if label is SPOILT:
                return True
            if isinstance(done, Group):
                if (label is None or _leads(label, path)) and _holds_spoilt(done, seen):
                    return True
            elif done is None and label is not None and _leads(label, path):
                return True
        at = None if part.isolated else at.parent
    return False


def _leads(label: object, path: str) -> bool:
    """Whether a path, tried under the prefixes of where it stands, can lead to what has this name."""
    if not isinstance(label, str):
        return True
    steps = label.split(".")
    ends = [".".join(steps[at:]) for at in range(len(steps))]
    return any(path == end or path.startswith(f"{end}.") for end in ends)


def _holds_spoilt(group: Group, seen: set[int]) -> bool:
    for run in group.runs:
        if isinstance(run.item, Part) and id(run.item) not in seen:
            seen.add(id(run.item))
            if run.item.vague:
                return True
            for label, done in zip(run.item.labels, run.item.steps, strict=False):
                if (done is None and label is not None) or (isinstance(done, Group) and _holds_spoilt(done, seen)):
                    return True
    return False


def list_rounds(group: Group, step: int) -> Iterator[Inside]:
    """Every round's result, in order."""
    for run, chosen in enumerate(group.runs):
        for turn in range(chosen.length):
            yield Inside(step, run, turn)
