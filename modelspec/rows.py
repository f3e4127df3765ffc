"""The rows of a model: every layer in its place, rounds that are the same together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from modelspec.diagnostics import Where
from modelspec.fitting import Fitted
from modelspec.graph import Graph, Group, Leaf, Part, Source
from modelspec.record import NamedTuple
from modelspec.spot import Spot

__all__ = ["Node", "Way", "list_rows"]


def list_rows(graph: Graph) -> list[Node]:
    """The rows of a model, in order. What an error has spoilt is left out."""
    if graph.rows is None:
        graph.rows = [] if graph.part is None else list(_walk(Spot(graph.part), (), (1, 1, 1, 1)))
    rows: list[Node] = graph.rows
    return rows


class Node:
    """A row of the model: a layer in its place, with the rounds that are the same.

    `path` is the first one's; `repeat` is how often it stands there, `copies` how many layers with weights of their own
    that are, `times` how often a sample passes, `active` in how many copies. `ways` lead to it from the top: each a
    step, a run, and how many rounds.
    """

    __slots__ = ("active", "copies", "fitted", "owners", "path", "repeat", "spot", "step", "times", "ways")

    def __init__(
        self,
        path: str,
        spot: Spot,
        step: int,
        fitted: Fitted,
        ways: tuple[Way, ...],
        owners: Mapping[str, tuple[Source, str]],
        counts: tuple[int, int, int, int],
    ) -> None:
        self.path = path
        self.spot = spot
        self.step = step
        self.fitted = fitted
        self.ways = ways
        self.owners = owners
        self.repeat, self.copies, self.times, self.active = counts

    @property
    def where(self) -> Where:
        """Where its entry stands."""
        return self.spot.part.where(self.step) if self.step >= 0 else self._around().part.where(self.spot.step)

    def _around(self) -> Spot:
        assert self.spot.parent is not None
        return self.spot.parent

    def calls(self) -> list[Where]:
        """The calls of blocks on the way to it, the innermost first."""
        found = []
        spot: Spot | None = self.spot
        while spot is not None and spot.parent is not None:
            if isinstance(spot.item, Part) and spot.item.isolated:
                found.append(spot.parent.part.where(spot.step))
            spot = spot.parent
        return found

    def reads(self, inputs: Sequence[str]) -> tuple[str, ...]:
        """What it reads, by path (the first round)."""
        if self.step < 0:
            return tuple([self._around().show(source, inputs) for source in self.spot.reads])
        return tuple([self.spot.show(source, inputs) for source in self.spot.sources(self.step)])

    def owner(self, tensor: str) -> str | None:
        """The full name of the tensor that this one is; None where it is its own."""
        found = _find_owner(self.spot, self.step, tensor)
        if found is None and not self.copies:
            # A further round of a shared repeat, with other shapes: the layer is that of the first.
            found = self.spot, self.step, tensor
        if found is None:
            return None
        spot, step, name = found
        path = spot.prefix if step < 0 else spot.path(step)
        return f"{path}.{name}" if name else path

    def paths(self) -> Iterator[tuple[str, bool]]:
        """Every round's path, and whether a sample passes it."""
        if not self.ways:
            yield self.path, True
            return
        top = self.spot
        while top.parent is not None:
            top = top.parent
        yield from self._spread(top, 0, True)

    def _spread(self, spot: Spot, at: int, active: bool) -> Iterator[tuple[str, bool]]:
        if at == len(self.ways):
            yield (spot.prefix if self.step < 0 else spot.path(self.step)), active
            return
        way = self.ways[at]
        for turn in range(way.length):
            yield from self._spread(spot.child(way.step, way.run, turn), at + 1, active and turn < way.active)


def _find_owner(spot: Spot, step: int, tensor: str) -> tuple[Spot, int, str] | None:
    """The first layer that has a tensor, and the tensor's name there; None for one that belongs to the layer itself."""
    found: tuple[Spot, int, str] | None = None
    while True:
        leaf = spot.item if step < 0 else spot.part.at(step)
        if isinstance(leaf, Leaf) and tensor in leaf.owners:
            source, tensor = leaf.owners[tensor]
            around = spot if step >= 0 else spot.parent
            assert around is not None
            spot, at = around.follow(source)
            step = -1 if at is None else at
        elif spot.twin is not None:
            spot = spot.twin
        else:
            return found
        found = spot, step, tensor


class Way(NamedTuple):
    """One step on the way to a layer: into so many rounds of a run."""

    step: int
    run: int
    length: int
    active: int


def _walk(spot: Spot, ways: tuple[Way, ...], counts: tuple[int, int, int, int]) -> Iterator[Node]:
    part = spot.part
    for step, done in enumerate(part.steps):
        if done.__class__ is Fitted:
            assert isinstance(done, Fitted)
            yield Node(spot.path(step), spot, step, done, ways, {}, counts)
        elif isinstance(done, Leaf):
            yield Node(spot.path(step), spot, step, done.fitted, ways, done.owners, counts)
        elif isinstance(done, Group):
            for number, run in enumerate(done.runs):
                child = spot.child(step, number)
                repeat, copies, times, active = counts
                weighs = 0 if done.share is not None or (done.shared and number) else 1 if done.shared else run.length
                passed = 0 if not weighs else 1 if done.shared else run.active
                inner = (repeat * run.length, copies * weighs, times * run.active, active * passed)
                way = (*ways, Way(step, number, run.length, run.active))
                if isinstance(run.item, Leaf):
                    yield Node(child.prefix, child, -1, run.item.fitted, way, run.item.owners, inner)
                else:
                    yield from _walk(child, way, inner)
