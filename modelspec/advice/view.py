"""A resolved model as rules look at it: each layer in the first of its places, what it reads, and who reads it.

What is repeated, or called again with the same values, is one part of the graph and is looked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from typing import Any

from modelspec.advice.facts import list_parts
from modelspec.advice.readers import count_readers
from modelspec.diagnostics import Where
from modelspec.entry import Chain, Fork
from modelspec.fitting import Fitted
from modelspec.graph import Graph, Group, Incoming, Inside, Leaf, Part, Run, Source
from modelspec.record import NamedTuple
from modelspec.spot import Spot

__all__ = ["Link", "Seat", "View"]


class Seat(NamedTuple):
    """A layer in its place: a step of a part or, with the step -1, a repeated layer itself."""

    view: View
    spot: Spot
    step: int
    fitted: Fitted

    @property
    def kind(self) -> str:
        """Its type."""
        return self.fitted.layer.type_name()

    @property
    def path(self) -> str:
        """The path of the layer, of the first round where it is repeated."""
        return self.spot.prefix if self.step < 0 else self.spot.path(self.step)

    @property
    def where(self) -> Where:
        """Where its entry stands."""
        if self.step >= 0:
            return self.spot.part.where(self.step)
        assert self.spot.parent is not None
        return self.spot.parent.part.where(self.spot.step)

    @property
    def has_own_weights(self) -> bool:
        """Whether no tensor of it is that of another layer."""
        item = self.spot.item if self.step < 0 else self.spot.part.steps[self.step]
        return not (isinstance(item, Leaf) and item.owners) and self.spot.twin is None

    def argument(self, name: str) -> Any:
        """The value of an argument; None where its type has none of that name."""
        return getattr(self.fitted.layer, name, None)

    def point(self, argument: str | None) -> Where:
        """Where an argument stands; where the type does, if it is not written."""
        where = self.where
        written = self.view.find_written(where)
        for key in (argument, "type"):
            if key is not None and isinstance(written, dict) and key in written:
                return where._replace(route=(*where.route, key))
        return where


class Link(NamedTuple):
    """A layer, and one that reads its main result directly. `passes` are the results that it goes through."""

    first: Seat
    second: Seat
    passes: tuple[tuple[Part, int], ...]


class View:
    """A sound model, and what rules ask of it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.spots: list[Spot] = []
        """Every distinct part in the first of its places, from the top down."""
        self._around: Counter[int] = Counter()
        self._counts: dict[int, Counter[int]] = {}
        self._outside: set[tuple[int, int]] | None = None
        if graph.part is not None:
            self._visit(graph.part)

    def _visit(self, top: Part) -> None:
        waiting, seen = [Spot(top)], {id(top)}
        while waiting:
            spot = waiting.pop()
            self.spots.append(spot)
            inner = []
            for step, run, item in _list_inner(spot.part):
                self._around[id(item)] += 1
                if id(item) not in seen:
                    seen.add(id(item))
                    inner.append(spot.child(step, run))
            waiting += reversed(inner)

    # What stands there

    def seats(self, kinds: Container[str] | None = None) -> Iterator[Seat]:
        """The layers of these types (None: all), each in the first of its places."""
        for spot in self.spots:
            for step, run, fitted in _list_layers(spot.part, kinds):
                yield self._seat(spot, step, run, fitted)

    def _seat(self, spot: Spot, step: int, run: int | None, fitted: Fitted) -> Seat:
        return Seat(self, spot, step, fitted) if run is None else Seat(self, spot.child(step, run), -1, fitted)

    def find_written(self, where: Where) -> Any:
        """What is written at a place."""
        spec = self.graph.spec
        at: Any = (spec.libraries[where.file].document if where.file else spec.document).tree
        for step in where.route:
            at = at[step]
        return at

    # What reads what

    def links(self, first: Container[str] | None, second: Container[str]) -> Iterator[Link]:
        """Where a layer of a second type reads nothing but the main result of one of a first type (None: of any)."""
        for spot in self.spots:
            part = spot.part
            for step, run, fitted in _list_layers(part, second):
                source = _single_source(part, step, run)
                passes: list[tuple[Part, int]] = []
                before = None if source is None else self._find(spot, source, passes)
                if before is not None and (first is None or before.kind in first):
                    yield Link(before, self._seat(spot, step, run, fitted), tuple(passes))
                group = part.steps[step]
                is_both = first is None or fitted.layer.type_name() in first
                if isinstance(group, Group) and group.chained and not group.shared and is_both:
                    chosen = group.runs[run or 0]
                    if chosen.length > 1:
                        again = self._seat(spot, step, run, fitted)
                        yield Link(again, again, ((part, step),))

    def is_alone(self, link: Link) -> bool:
        """Whether nothing but the second layer of a link reads the first, or uses its weights."""
        return all(
            self.count_readers(part)[step] <= 1 and (id(part), step) not in self.outside for part, step in link.passes
        )

    def find_origin(self, source: Source) -> Seat | None:
        """The layer that gives what a source of the whole model names, seen through all there is; None for an input."""
        if self.graph.part is None:
            return None
        spot, step, _ = self.spots[0].origin(source)
        if spot is None:
            return None
        item = spot.item if step < 0 else spot.part.steps[step]
        fitted = item.fitted if isinstance(item, Leaf) else item
        return Seat(self, spot, step, fitted) if isinstance(fitted, Fitted) else None

    def find_layer(self, spot: Spot, source: Source) -> Seat | None:
        """The layer whose main result a source is, seen through containers; None if it is none, or not only one."""
        return self._find(spot, source, [])

    def _find(self, spot: Spot, source: Source, passes: list[tuple[Part, int]]) -> Seat | None:
        while True:
            if isinstance(source, Incoming):
                if source.number or spot.parent is None or self._around[id(spot.item)] != 1:
                    return None
                run = _only_run(spot.parent.part.steps[spot.step])
                if run is None:
                    return None
                passes.append((spot.part, -1))
                source, spot = run.reads[0], spot.parent
                continue
            passes.append((spot.part, source.step))
            done = spot.part.steps[source.step]
            if isinstance(done, (Fitted, Leaf)):
                fitted = done.fitted if isinstance(done, Leaf) else done
                is_main = source.result is None or source.result == next(iter(fitted.outputs))
                return Seat(self, spot, source.step, fitted) if is_main else None
            run = _only_run(done)
            if run is None or source.result is not None or (isinstance(source, Inside) and source.source is not None):
                return None
            child = spot.child(source.step)
            if isinstance(run.item, Leaf):
                return Seat(self, child, -1, run.item.fitted)
            if run.item.result is None or isinstance(run.item.result, Incoming):
                return None
            spot, source = child, run.item.result

    def count_readers(self, part: Part) -> Counter[int]:
        """How many steps of a part read each of its steps, or use its weights; what comes in has the number -1.

        What flows out of it counts as read.
        """
        known = self._counts.get(id(part))
        if known is None:
            known = self._counts[id(part)] = count_readers(part)
            if part is self.graph.part:
                known.update([source.step for source in self.graph.outputs if not isinstance(source, Incoming)])
            elif part.result is not None:
                known[-1 if isinstance(part.result, Incoming) else part.result.step] += 1
        return known

    @property
    def outside(self) -> set[tuple[int, int]]:
        """The steps of parts (by the part's id) that are read from outside of it by their path."""
        if self._outside is None:
            self._outside = set()
            for part in list_parts(self.graph):
                for source in _list_far_sources(part):
                    self._mark(part, source)
            if self.graph.part is not None:
                for source in self.graph.outputs:
                    self._mark(self.graph.part, source)
        return self._outside

    def _mark(self, part: Part, source: Source) -> None:
        assert self._outside is not None
        while isinstance(source, Inside) and source.source is not None:
            group = part.steps[source.step]
            assert isinstance(group, Group)
            item = group.runs[source.run].item
            if not isinstance(item, Part) or isinstance(source.source, Incoming):
                return
            part, source = item, source.source
            self._outside.add((id(part), source.step))


def _list_inner(part: Part) -> Iterator[tuple[int, int, Part]]:
    """The parts inside of a part: the step, the run, and the part."""
    if not any(isinstance(done, Group) for done in set(part.steps)):
        return
    for step, done in enumerate(part.steps):
        if isinstance(done, Group):
            for number, run in enumerate(done.runs):
                if isinstance(run.item, Part):
                    yield step, number, run.item


def _list_layers(part: Part, kinds: Container[str] | None) -> Iterator[tuple[int, int | None, Fitted]]:
    """The layers of a part of these types: the step, the run of one that is repeated, and the layer."""
    wanted = {done for done in set(part.steps) if _is_wanted(done, kinds)}
    if not wanted:
        return
    for step, done in enumerate(part.steps):
        if done in wanted:
            if isinstance(done, Fitted):
                yield step, None, done
            elif isinstance(done, Leaf):
                yield step, None, done.fitted
            elif isinstance(done, Group):
                for number, run in enumerate(done.runs):
                    if isinstance(run.item, Leaf) and (kinds is None or _kind(run.item.fitted) in kinds):
                        yield step, number, run.item.fitted


def _kind(fitted: Fitted) -> str:
    return fitted.layer.type_name()


def _is_wanted(done: Any, kinds: Container[str] | None) -> bool:
    if isinstance(done, Group):
        return any(isinstance(run.item, Leaf) for run in done.runs)
    fitted = done.fitted if isinstance(done, Leaf) else done
    return isinstance(fitted, Fitted) and (kinds is None or _kind(fitted) in kinds)


def _single_source(part: Part, step: int, run: int | None) -> Source | None:
    """What a layer reads, if that is one thing."""
    done = part.steps[step]
    if isinstance(done, Fitted):
        return part.before(step) if len(done.inputs) == 1 else None
    reads: tuple[Source, ...] = ()
    if isinstance(done, Leaf):
        reads = done.reads
    elif isinstance(done, Group) and done.runs[run or 0].item.__class__ is Leaf:
        reads = done.runs[run or 0].reads
    return reads[0] if len(reads) == 1 else None


def _only_run(done: Any) -> Run | None:
    """The one round of a container that stands in its place once, with weights of its own; None for anything else."""
    if not isinstance(done, Group) or not isinstance(done.what, (Chain, Fork)) or done.share is not None:
        return None
    return done.runs[0] if len(done.runs) == 1 and done.runs[0].length == 1 and done.runs[0].reads else None


def _list_far_sources(part: Part) -> Iterator[Source]:
    """What the steps of a part read, or use the weights of, inside of containers."""
    for done in set(part.steps):
        sources: list[Source] = []
        if isinstance(done, Leaf):
            sources = [*done.reads, *[source for source, _ in done.owners.values()]]
        elif isinstance(done, Group):
            sources = [source for run in done.runs for source in run.reads]
            for run in done.runs:
                if isinstance(run.item, Leaf):
                    sources += [source for source, _ in run.item.owners.values()]
            if done.share is not None:
                sources.append(done.share)
        yield from [source for source in sources if isinstance(source, Inside) and source.source is not None]
    if isinstance(part.result, Inside):
        yield part.result
