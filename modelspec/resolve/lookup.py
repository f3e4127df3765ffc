"""What a reference means where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelspec.fitting import Fitted
from modelspec.graph import Group, Incoming, Inside, Leaf, Of, Part, Source
from modelspec.record import NamedTuple
from modelspec.resolve.frames import Frame, Target, done_at
from modelspec.resolve.levels import descend, enter, inner_index, list_rounds, search, search_group

__all__ = ["Pending", "look_up"]


class Pending(NamedTuple):
    """A repeat that is being resolved, as its rounds may refer to those before: its step and its name.

    `names` are those that the rounds so far have of their own, made of the index.
    """

    group: Group
    step: int
    label: str | None
    names: dict[str, Inside]


def look_up(
    frame: Frame, use: str, path: str, label: str | None, pending: Pending | None = None, *, mark: bool = True
) -> Any:
    """What a path means, seen from a step of a body with the name `label`: in terms of the body.

    A source for a value, a `Target` for weights, a tuple of sources for every round (`path` then ends in `.*`). The
    path is tried under each prefix of the current one, the longest first. None if it means nothing.
    """
    steps = label.split(".") if label else []
    for count in range(len(steps), -1, -1):
        found = _look_here(frame, use, ".".join([*steps[:count], path]), pending)
        if found is not None:
            return found
    for inside in _list_inside(frame, path):
        found = _look_here(frame, use, inside, pending)
        if found is not None:
            return found
    known = frame.captured.get((use, path))
    if known is not None:
        if mark:
            frame.part.used.update(each.number for each in (known if known.__class__ is tuple else (known,)))
        return known
    return Incoming(frame.inputs[path]) if use == "value" and path in frame.inputs else None


def _list_inside(frame: Frame, path: str) -> Iterator[str]:
    """What a path means in the body's own level where it begins with the names of the containers around: `stem.conv`
    in the container `stem` is its own `conv`.
    """
    if frame.is_top or "." not in path:
        return
    root = frame.spot
    while root.parent is not None and not (isinstance(root.item, Part) and root.item.isolated):
        root = root.parent
    levels = frame.spot.prefix[len(root.prefix) :].split(".")[:-1]
    for count in range(len(levels) - 1, -1, -1):
        head = ".".join(levels[count:]) + "."
        if path.startswith(head):
            yield path[len(head) :]


def _look_here(frame: Frame, use: str, path: str, pending: Pending | None) -> Any:
    if use == "tensor":
        return _look_for_tensor(frame, path, pending)
    head, every, rest = path.partition(".*")
    source = _search(frame, head, pending)
    if source is None:
        return None
    if every:
        return _list_every(frame, source, pending, rest[1:])
    if use == "layer":
        return Target(source, done_at(frame.part, source), None, _group_at(frame.part, source))
    return source


def _search(frame: Frame, path: str, pending: Pending | None) -> Source | None:
    found = search(frame.level, path)
    if found is None and pending is not None and pending.group.runs:
        found = _look_in_pending(frame, pending, path)
    return found


def _look_in_pending(frame: Frame, pending: Pending, path: str) -> Source | None:
    if pending.group.shared:
        # All rounds of a shared repeat are one layer: none of them stands before another.
        return None
    if pending.names:
        return _look_among(frame, pending.names, path)
    if pending.label is None:
        return None
    if path == pending.label:
        return Inside(pending.step, *pending.group.last)
    if path.startswith(pending.label + "."):
        return search_group(pending.group, pending.step, frame.spot.index, path[len(pending.label) + 1 :])
    return None


def _look_among(frame: Frame, names: dict[str, Inside], path: str) -> Source | None:
    """What a path means among the names of earlier rounds, or inside of one."""
    found: Source | None = names.get(path)
    dot = path.rfind(".")
    while found is None and dot > 0:
        head = names.get(path[:dot])
        if head is not None:
            found = descend(frame.part, frame.index, head, path[dot + 1 :])
        dot = path.rfind(".", 0, dot)
    return found


def _list_every(frame: Frame, source: Source, pending: Pending | None, rest: str) -> tuple[Source, ...] | None:
    """Every round of a repeat, or what the rest of the path means in each."""
    if isinstance(source, Inside) and pending is not None and source.step == pending.step and source.source is None:
        group, step, index, wrap = pending.group, pending.step, frame.spot.index, _as_it_is
    else:
        part, index, wrap = frame.part, frame.spot.index, _as_it_is
        while isinstance(source, Inside) and source.source is not None:
            around = part.at(source.step)
            assert isinstance(around, Group)
            item = around.runs[source.run].item
            assert isinstance(item, Part)
            index = inner_index(around, item, index, source.run, source.round)
            wrap = _into(wrap, source)
            part, source = item, source.source
        found = None if not isinstance(source, Of) else part.at(source.step)
        if not isinstance(found, Group) or not found.repeated:
            return None
        assert isinstance(source, Of)
        group, step = found, source.step
    rounds: list[Source] = []
    for each in list_rounds(group, step):
        inner = enter(group, each, index, rest) if rest else each
        if inner is None:
            return None
        rounds.append(wrap(inner))
    return tuple(rounds)


def _as_it_is(source: Source) -> Source:
    return source


def _into(outer: Any, at: Inside) -> Any:
    return lambda source: outer(at._replace(source=source))


def _group_at(part: Part, source: Source) -> Group | None:
    """The group that a source names, or one of whose rounds it does."""
    group = None if isinstance(source, Incoming) else part.at(source.step)
    if not isinstance(group, Group):
        return None
    if isinstance(source, Inside) and source.source is not None:
        item = group.runs[source.run].item
        return _group_at(item, source.source) if isinstance(item, Part) else None
    return group


def _look_for_tensor(frame: Frame, path: str, pending: Pending | None) -> Target | None:
    ends = [len(path), *[at for at in range(len(path) - 1, 0, -1) if path[at] == "."]]
    for end in ends:
        source = _search(frame, path[:end], pending)
        if source is None:
            continue
        fitted = _as_layer(done_at(frame.part, source))
        tensor = path[end + 1 :]
        if fitted is not None and any(each.name == tensor for each in fitted.tensors):
            return Target(source, fitted, tensor)
    return None


def _as_layer(done: Any) -> Fitted | None:
    """The layer that this is, also where it is repeated; None for anything else."""
    if isinstance(done, Group):
        done = done.runs[-1].item
    if isinstance(done, Leaf):
        return done.fitted
    return done if isinstance(done, Fitted) else None
