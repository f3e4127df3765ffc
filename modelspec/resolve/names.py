"""Paths that two layers bear."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from modelspec.diagnostics import Finding, Related, Where
from modelspec.fitting import Fitted
from modelspec.graph import Graph, Group, Incoming, Inside, Leaf, Of, Part, Source
from modelspec.resolve.frames import done_at
from modelspec.resolve.levels import Level, level_of, search
from modelspec.resolve.notes import Notes
from modelspec.spot import Spot

__all__ = ["check_names"]


def check_names(graph: Graph, notes: Notes) -> None:
    """Two layers with one path are an error, at the second."""
    part, body = graph.part, graph.spec.body
    assert part is not None
    assert body is not None
    named = [name for name in part.labels if isinstance(name, str)]
    if body.plain and len(set(named)) == len(named) and not any("." in name for name in named):
        if any(map(_is_type_and_number, named)):
            _check_numbers(Spot(part), notes)
        return
    seen: set[int] = set()
    for spot in _list_levels(Spot(part)):
        if id(spot.part) in seen:
            continue
        seen.add(id(spot.part))
        level = level_of(spot.part, spot.index)
        table = level.read()
        for name, first, second in level.twice[:20]:
            if name == "?":
                # It has no value, which is told.
                continue
            _refuse(spot, f"{spot.prefix}{name}", first, second, notes)
        for name, source in [*table.items()]:
            if "." not in name:
                continue
            other = _find_dotted(level, name)
            if other is not None:
                _refuse(spot, f"{spot.prefix}{name}", other, source, notes)
                continue
            tensor = _find_tensor(level, name, source)
            if tensor is not None:
                _refuse_tensor(spot, tensor[0], tensor[1], source, notes)
        if any(map(_is_type_and_number, table)):
            _check_numbers(spot, notes)


def _find_dotted(level: Level, name: str) -> Source | None:
    """What else bears a name with dots: something in a container that is called by its first part."""
    own = level.table.pop(name)
    found = search(level, name)
    level.table[name] = own
    return found


def _find_tensor(level: Level, name: str, source: Source) -> tuple[str, Source] | None:
    """A tensor of another layer that a layer with this name has, too: its full name, and that other layer."""
    own = _tensors_at(level.part, source)
    dot = name.find(".")
    while own and dot > 0:
        head, rest = name[:dot], name[dot + 1 :]
        other = search(level, head)
        theirs = () if other is None else _tensors_at(level.part, other)
        for tensor in own:
            full = f"{rest}.{tensor}" if tensor else rest
            if other is not None and full in theirs:
                return f"{head}.{full}", other
        dot = name.find(".", dot + 1)
    return None


def _tensors_at(part: Part, source: Source) -> tuple[str, ...]:
    """The names of the tensors of a layer; none where a source is no layer."""
    done = None if isinstance(source, Incoming) else done_at(part, source)
    fitted = done.fitted if isinstance(done, Leaf) else done
    return tuple([tensor.name for tensor in fitted.tensors]) if isinstance(fitted, Fitted) else ()


def _refuse_tensor(spot: Spot, name: str, first: Source, second: Source, notes: Notes) -> None:
    one, other = _where(spot, first), _where(spot, second)
    path = f"{spot.prefix}{name}"
    related = Related(one._replace(route=(*one.route, "name")), "the first one is a tensor of this layer")
    where = other._replace(route=(*other.route, "name"))
    notes.note(
        Finding("MS301", f"two tensors are called '{path}'", where, "give this layer another name", path, (related,))
    )


def _list_levels(spot: Spot) -> Iterator[Spot]:
    """Every part that opens a level, in its place: the first round of each run."""
    waiting = [(spot, True)]
    seen: set[int] = set()
    while waiting:
        at, opens = waiting.pop()
        if opens:
            yield at
        if id(at.item) in seen:
            continue
        seen.add(id(at.item))
        for step, done in enumerate(at.part.steps):
            if isinstance(done, Group):
                for run, chosen in enumerate(done.runs):
                    if isinstance(chosen.item, Part):
                        waiting.append((at.child(step, run), at.level(step, run, 0) is not None))


def _is_undecided(part: Part, source: Source) -> bool:
    """Whether it cannot be told of a layer, or of what it stands in, if it is left in."""
    while not isinstance(source, Incoming):
        if source.step in part.undecided:
            return True
        if isinstance(source, Of) or source.source is None:
            return False
        group = part.steps[source.step]
        assert isinstance(group, Group)
        item = group.runs[source.run].item
        assert isinstance(item, Part)
        part, source = item, source.source
    return False


def _refuse(spot: Spot, path: str, first: Source, second: Source, notes: Notes) -> None:
    if _is_undecided(spot.part, first) or _is_undecided(spot.part, second):
        return
    one, other = _where(spot, first), _where(spot, second)
    hint = "give one of them another name"
    if one == other:
        hint = "name what is repeated, or put the index into the name: {index}"
        calls = _find_calls(spot.part, first, second)
        if calls is not None:
            # Everything that has a name in the block is there twice: told once for all of it.
            related = Related(calls[0], "the first one is called here")
            hint = "give this call a name: that is a level of its own"
            told = f"{path}: two layers have this path, for what holds them is called twice without a name"
            notes.note(Finding("MS301", told, calls[1], hint, path, (related,)))
            return
    related = Related(one._replace(route=(*one.route, "name")), "the first one is here")
    where = other._replace(route=(*other.route, "name"))
    notes.note(Finding("MS301", f"two layers are called '{path}'", where, hint, path, (related,)))


def _find_calls(part: Part, first: Source, second: Source) -> tuple[Where, Where] | None:
    """The two entries through which one entry is there twice; None if it is there in two rounds of one."""
    while isinstance(first, Inside) and isinstance(second, Inside) and first.step == second.step:
        group = part.steps[first.step]
        assert isinstance(group, Group)
        item = group.runs[first.run].item
        if (first.run, first.round) != (second.run, second.round) or not isinstance(item, Part):
            return None
        if first.source is None or second.source is None:
            return None
        part, first, second = item, first.source, second.source
    if isinstance(first, Incoming) or isinstance(second, Incoming) or first.step == second.step:
        return None
    return _find_call(part, first), _find_call(part, second)


def _find_call(part: Part, source: Of | Inside) -> Where:
    """The call of a block that something stands in, or the entry that it is."""
    while isinstance(source, Inside) and source.source is not None:
        group = part.steps[source.step]
        assert isinstance(group, Group)
        item = group.runs[source.run].item
        if not isinstance(item, Part) or item.isolated or isinstance(source.source, Incoming):
            break
        part, source = item, source.source
    return part.where(source.step)


def _where(spot: Spot, source: Source) -> Where:
    """Where something that has a name stands."""
    part = spot.part
    while not isinstance(source, (Incoming, Of)) and source.source is not None:
        group = part.steps[source.step]
        assert isinstance(group, Group)
        item = group.runs[source.run].item
        assert isinstance(item, Part)
        part, source = item, source.source
    assert not isinstance(source, Incoming)
    return part.where(source.step)


def _check_numbers(spot: Spot, notes: Notes) -> None:
    """A name that is what another layer of the level is called without one."""
    table = level_of(spot.part, spot.index).read()
    for name, source in table.items():
        if not _is_type_and_number(name):
            continue
        found = _find_number(spot, int(name.rpartition("-")[2]))
        if found is None or found[0] != f"{spot.prefix}{name}":
            continue
        one, other = _where(spot, source), found[1]
        if one == other:
            continue
        related = Related(one._replace(route=(*one.route, "name")), "the first one is here")
        hint = f"rename the first: '{found[0]}' is what this layer is called without a name"
        where = other._replace(route=(*other.route, "type"))
        notes.note(Finding("MS301", f"two layers are called '{found[0]}'", where, hint, found[0], (related,)))


def _find_number(spot: Spot, number: int) -> tuple[str, Where] | None:
    """The unnamed layer of a level that bears this number: its path, and where it stands."""
    part, place = spot.part, number - spot.base
    if not 0 < place <= part.total:
        return None
    # The last step before which fewer layers stand.
    step = bisect_left(range(len(part.steps)), place, key=part.number) - 1
    done, place = part.steps[step], place - part.number(step)
    if not isinstance(done, Group):
        return (spot.path(step), part.where(step)) if done is not None and spot.label(step) is None else None
    run = 0 if done.shared else bisect_left(range(len(done.runs)), place, key=done.before) - 1
    item = done.runs[run].item
    turn = 0 if done.shared else (place - done.before(run) - 1) // (item.total if isinstance(item, Part) else 1)
    if spot.level(step, run, turn) is not None:
        return None
    child = spot.child(step, run, turn)
    return (child.prefix, part.where(step)) if isinstance(item, Leaf) else _find_number(child, number)


def _is_type_and_number(name: str) -> bool:
    kind, dash, number = name.rpartition("-")
    return bool(dash and kind) and number.isdecimal() and len(number) < 10
