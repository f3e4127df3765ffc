"""Every layer of a model in order, each once for every time that it stands there, with what it reads.

The experts of a mixture alone stay in theirs, as a token does not pass all of them; those that are alike are one.
"""

from __future__ import annotations

from modelspec.fitting import Fitted
from modelspec.graph import GONE, Graph, Group, Incoming, Inside, Leaf, Of, Part, Source
from modelspec.spot import Spot

__all__ = ["Level", "Line", "Read", "Unrolling"]


class Line:
    """A layer, or a mixture with its experts. `path` is the one that it has in the model.

    `reads` is what comes in. `share` is the path of the layer whose weights it uses, all of them; `ties` are tensors
    that are others, by the path of the layer and the tensor's name there. `bodies` are the experts that differ.
    """

    __slots__ = ("at", "bodies", "fitted", "level", "path", "reads", "share", "spot", "step", "ties")

    def __init__(self, spot: Spot, step: int, fitted: Fitted, level: Level, path: str, reads: tuple[Read, ...]) -> None:
        self.spot = spot
        self.step = step
        self.fitted = fitted
        self.level = level
        self.path = path
        self.reads = reads
        self.at = len(level.lines)
        self.share: str | None = None
        self.ties: dict[str, tuple[str, str]] = {}
        self.bodies: list[Level] | None = None
        level.lines.append(self)


Read = tuple[Line | int, str | None, str | None]
"""What is read: the line that gives it or the number of an input, the result, and the path of an expert's layer that is
like that line."""


class Level:
    """Lines one after the other: the model's, or those of one expert of `around`, the first of the like."""

    __slots__ = ("around", "index", "lines", "prefix")

    def __init__(self, prefix: str, around: Line | None = None, index: int = 0) -> None:
        self.prefix = prefix
        self.around = around
        self.index = index
        self.lines: list[Line] = []


class _Scope:
    """A part in its place: what comes in, and what its steps have become."""

    __slots__ = ("incoming", "inside", "level", "lines", "spot")

    def __init__(self, spot: Spot, incoming: tuple[Read, ...], level: Level) -> None:
        self.spot = spot
        self.incoming = incoming
        self.level = level
        self.lines: dict[int, Line] = {}
        self.inside: dict[tuple[int, int, int], _Scope | Line] = {}


class Unrolling:
    """The lines of a sound graph. `outputs` is what the model gives, `known` the first line that bears each path."""

    def __init__(self, graph: Graph) -> None:
        assert graph.part is not None
        self.level = Level("")
        self.known: dict[str, Line] = {}
        self.mixtures: dict[str, Line] = {}
        """The first mixture under each prefix."""
        top = _Scope(Spot(graph.part), tuple([(number, None, None) for number in range(len(graph.inputs))]), self.level)
        self._unroll(top)
        self.outputs = tuple([self._find(top, source) for source in graph.outputs])

    def _unroll(self, scope: _Scope) -> None:
        """Take the steps of a part in order."""
        spot = scope.spot
        for step, done in enumerate(spot.part.steps):
            if isinstance(done, Group):
                for run, chosen in enumerate(done.runs):
                    for turn in range(chosen.length):
                        self._enter(scope, step, run, turn)
            elif done is not GONE:
                reads = self._find_all(scope, spot.sources(step))
                scope.lines[step] = self._add(spot, step, scope.level, spot.path(step), reads)

    def _enter(self, scope: _Scope, step: int, run: int, turn: int) -> None:
        """Take a round of a group."""
        child = scope.spot.child(step, run, turn)
        reads = self._find_all(scope, child.reads)
        if isinstance(child.item, Leaf):
            scope.inside[step, run, turn] = self._add(child, -1, scope.level, child.prefix, reads)
            return
        inner = scope.inside[step, run, turn] = _Scope(child, reads, scope.level)
        if _is_mixture(child.item):
            self._add_mixture(inner)
        else:
            self._unroll(inner)

    def _add(self, spot: Spot, step: int, level: Level, path: str, reads: tuple[Read, ...]) -> Line:
        """Take a layer."""
        fitted = spot.item.fitted if isinstance(spot.item, Leaf) else spot.fitted(step)
        assert fitted is not None
        line = Line(spot, step, fitted, level, path, reads)
        first = self.known.setdefault(path, line)
        if fitted.tensors:
            if first is not line:
                line.share = path
            elif spot.twin is not None:
                line.share = spot.twin.prefix if step < 0 else spot.twin.path(step)
            else:
                self._read_ties(line)
            owner = self.known.get(line.share) if line.share is not None else None
            if owner is not None and owner is not line and owner.share is not None:
                line.share = owner.share
        return line

    def _read_ties(self, line: Line) -> None:
        """Find the tensors of a layer that are others."""
        spot, step = line.spot, line.step
        leaf = spot.item if isinstance(spot.item, Leaf) else spot.part.steps[step]
        around = spot if step >= 0 else spot.parent
        if not isinstance(leaf, Leaf) or around is None:
            return
        for tensor, (source, name) in leaf.owners.items():
            owner, at = around.follow(source)
            line.ties[tensor] = (owner.prefix if at is None else owner.path(at), name)
        owners = {path for path, name in line.ties.values()}
        first = self.known.get(next(iter(owners))) if len(owners) == 1 else None
        whole = len(line.ties) == len(line.fitted.tensors) and all(name == own for own, (_, name) in line.ties.items())
        if first is None or not whole or type(first.fitted.layer) is not type(line.fitted.layer):
            return
        if first.fitted.layer.arguments() == line.fitted.layer.arguments():
            line.share, line.ties = first.path, {}

    def _add_mixture(self, scope: _Scope) -> None:
        """Take a mixture: the experts that differ, each as a level of its own."""
        spot = scope.spot
        experts, fitted, around = spot.part.steps[0], spot.fitted(1), spot.parent
        assert isinstance(experts, Group)
        assert fitted is not None
        assert around is not None
        # One without a name stands in the level around it: the name of that leads to its experts.
        line = Line(spot, 1, fitted, scope.level, spot.prefix.removesuffix("."), scope.incoming[:2])
        scope.lines[1] = line
        first = self.mixtures.setdefault(spot.prefix, line)
        if first is not line:
            line.share = line.path
        elif spot.twin is not None:
            line.share = self.mixtures[spot.twin.prefix].path
        line.bodies = []
        for run, chosen in enumerate(experts.runs):
            child = spot.child(0, run)
            level = Level(child.prefix, line, chosen.start)
            inner = scope.inside[0, run, 0] = _Scope(child, self._find_all(scope, child.reads), level)
            self._unroll(inner)
            if line.share is None:
                line.bodies.append(level)

    # What is read

    def _find_all(self, scope: _Scope, sources: tuple[Source, ...]) -> tuple[Read, ...]:
        return tuple([self._find(scope, source) for source in sources])

    def _find(self, scope: _Scope, source: Source) -> Read:
        """The line that gives what a source names."""
        if isinstance(source, Incoming):
            return scope.incoming[source.number]
        if isinstance(source, Of):
            done = scope.spot.part.steps[source.step]
            if not isinstance(done, Group):
                return scope.lines[source.step], source.result, None
            source = Inside(source.step, *done.last, None, source.result)
        inner = scope.inside.get((source.step, source.run, source.round))
        if inner is None:
            # An expert that is like the first one.
            line, result, _ = self._find(scope, source._replace(round=0))
            spot, step, _ = scope.spot.origin(source)
            return line, result, None if spot is None else spot.prefix if step < 0 else spot.path(step)
        if isinstance(inner, Line):
            return inner, source.result, None
        wanted = inner.spot.part.result if source.source is None else source.source
        if wanted is None:
            # A container that is there for its weights gives nothing.
            return -1, None, None
        if source.result is not None and not isinstance(wanted, Incoming):
            wanted = wanted._replace(result=source.result)
        return self._find(inner, wanted)


def _is_mixture(part: Part) -> bool:
    last = part.steps[-1] if part.steps else None
    return isinstance(last, Leaf) and last.fitted.layer.type_name() == "MixtureOfExperts"
