"""The resolved model: what each body has become, as often as it stands there, and every layer by its path.

A body that has been resolved is a `Part`: its steps in order, each with what it reads. A part knows nothing of where
it stands: what comes into it is `Incoming`, so that one part serves for a thousand rounds. A `Spot` is a part in its
place, with its path and its index; spots are made as they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from modelspec.diagnostics import Route, Where
from modelspec.expressions import ExpressionError
from modelspec.fitting import Fitted, Value
from modelspec.refusal import Refused
from modelspec.template import Template

if TYPE_CHECKING:
    from modelspec.entry import What
    from modelspec.spec import Budget, Spec

__all__ = [
    "GONE",
    "Gone",
    "Graph",
    "Group",
    "Incoming",
    "Inside",
    "Item",
    "Leaf",
    "Node",
    "Of",
    "Part",
    "Run",
    "Source",
    "Spot",
    "Step",
    "Way",
    "show_name",
]


class Incoming(NamedTuple):
    """What comes into a part, by its number."""

    number: int


class Of(NamedTuple):
    """A result of a step of the same part: the main one, or one by its name."""

    step: int
    result: str | None = None


class Inside(NamedTuple):
    """Something in a round of a group of the same part; without `source` the round's own result, or the one named."""

    step: int
    run: int
    round: int
    source: Source | None = None
    result: str | None = None


Source = Incoming | Of | Inside


class Leaf:
    """A layer in its place in a part: what it reads, and which of its tensors belong to another layer.

    `owners` are those tensors by name, with the layer that has it and the tensor's name there.
    """

    __slots__ = ("fitted", "owners", "reads")

    def __init__(
        self, fitted: Fitted, reads: tuple[Source, ...], owners: Mapping[str, tuple[Source, str]] | None = None
    ) -> None:
        self.fitted = fitted
        self.reads = reads
        self.owners = owners or {}


class Run(NamedTuple):
    """Rounds that are the same: the first one's index, how many, and how many of them a token passes (`active`).

    `reads` is what comes into the first of them, in terms of the part that the group stands in.
    """

    item: Item
    start: int
    length: int
    active: int
    reads: tuple[Source, ...]


class Group:
    """A container, the call of a block, or anything repeated, in its place in a part.

    `indexed` says whether each round's index stands in its path, `repeated` whether there is an index at all, `shared`
    whether all rounds are one layer, `chained` whether each round reads what the one before gave. `share` is the layer
    or container whose weights it uses. `what` and `names` are what it was resolved from.
    """

    __slots__ = ("chained", "context", "indexed", "names", "repeated", "runs", "share", "shared", "value", "what")

    def __init__(
        self,
        what: What,
        names: Mapping[str, Any],
        context: Any,
        *,
        indexed: bool = False,
        repeated: bool = False,
        shared: bool = False,
        chained: bool = False,
    ) -> None:
        self.what = what
        self.names = names
        self.context = context
        self.indexed = indexed
        self.repeated = repeated
        self.shared = shared
        self.chained = chained
        self.runs: list[Run] = []
        self.value: Value | None = None
        self.share: Source | None = None

    def locate(self, number: int) -> tuple[int, int] | None:
        """The run and the round in it of a round, by its number from 0; None if there is no such round."""
        for index, run in enumerate(self.runs):
            if number < run.start + run.length:
                return (index, number - run.start) if number >= run.start else None
        return None

    @property
    def last(self) -> tuple[int, int]:
        """The run and the round in it of the last round."""
        return len(self.runs) - 1, self.runs[-1].length - 1


class Gone:
    """What stands in the place of an entry that is left out."""


GONE: Final = Gone()

Step = Fitted | Leaf | Group | Gone | None


class Part:
    """A body resolved on what arrives. `steps` are those of its entries in order; None for what an error has spoilt.

    A bare `Fitted` reads what comes before it. `result` is None where an error has spoilt it, or nothing comes out.
    `names` are those that the names of layers are made of; `isolated` says whether it is a block's, which sees nothing
    of what stands around the call.
    """

    __slots__ = (
        "_numbers",
        "_ordinals",
        "binds",
        "file",
        "findings",
        "isolated",
        "labels",
        "level",
        "names",
        "numbered",
        "result",
        "route",
        "routes",
        "steps",
        "value",
    )

    def __init__(
        self,
        labels: Sequence[Any],
        routes: Sequence[Route] | None,
        route: Route,
        file: str,
        names: Mapping[str, Any],
        *,
        numbered: bool = False,
        isolated: bool = False,
    ) -> None:
        self.labels = labels
        self.routes = routes
        self.route = route
        self.file = file
        self.names = names
        self.numbered = numbered
        self.isolated = isolated
        self.steps: list[Step] = []
        self.result: Source | None = None
        self.value: Value | None = None
        self.findings: range = range(0)
        self.binds: bool | None = None
        self.level: Any = None
        """The names of its level, once somebody has asked for one."""
        self._numbers: list[int] | None = None
        self._ordinals: list[int] | None = None

    def where(self, step: int) -> Where:
        """Where the entry of a step stands."""
        route = (*self.route, step) if self.routes is None else self.routes[step]
        return Where(route, file=self.file)

    def before(self, step: int) -> Source | None:
        """What comes before a step: the step before that is left in, or what arrives."""
        for earlier in range(step - 1, -1, -1):
            if self.steps[earlier] is not GONE:
                return Of(earlier)
        return Incoming(0)

    def number(self, step: int) -> int:
        """How many layers of this level stand before a step."""
        if self._numbers is None:
            self._numbers = [0]
        numbers = self._numbers
        while len(numbers) <= step:
            at = len(numbers) - 1
            numbers.append(numbers[at] + self._count(at))
        return numbers[step]

    def ordinal(self, step: int) -> int:
        """How many unnamed entries stand before a step, each round of a repeat for itself."""
        if self._ordinals is None:
            self._ordinals = [0]
        ordinals = self._ordinals
        while len(ordinals) <= step:
            at = len(ordinals) - 1
            done = self.steps[at]
            rounds = sum(run.length for run in done.runs) if isinstance(done, Group) and done.repeated else 1
            unnamed = self.labels[at] is None and done is not GONE
            ordinals.append(ordinals[at] + (rounds if unnamed else 0))
        return ordinals[step]

    def _count(self, step: int) -> int:
        """How many layers of this level a step is."""
        done = self.steps[step]
        if done is GONE:
            return 0
        if not isinstance(done, Group):
            return 1
        opens = self.numbered or self.labels[step] is not None or done.indexed
        layers = 0
        for run in done.runs:
            if isinstance(run.item, Leaf):
                layers += run.length if not done.shared else 1
            elif not opens:
                layers += run.item.total * (run.length if not done.shared else 1)
        return layers

    @property
    def total(self) -> int:
        """How many layers of the level it stands in it has."""
        return self.number(len(self.steps))


Item = Leaf | Part


def show_name(template: Template, names: Mapping[str, Any], index: int | None) -> str:
    """A name with its expressions' values put in; `?` for one that has none, which is told where it is resolved."""
    try:
        return template.render(names if index is None else {**names, "index": index})
    except (ExpressionError, Refused):
        return "?"


class Spot:
    """A part (or, repeated, a layer) in its place. `reads` is what comes into it, in terms of the spot around it."""

    __slots__ = ("_levels", "base", "index", "item", "parent", "prefix", "reads", "step", "twin")

    def __init__(
        self,
        item: Item,
        parent: Spot | None = None,
        step: int = 0,
        reads: tuple[Source, ...] = (),
        prefix: str = "",
        base: int = 0,
        index: int | None = None,
        twin: Spot | None = None,
    ) -> None:
        self.item = item
        self.parent = parent
        self.step = step
        self.reads = reads
        self.prefix = prefix
        self.base = base
        self.index = index
        self.twin = twin
        """The spot whose weights are used here."""

    @property
    def part(self) -> Part:
        """The part that stands here."""
        assert isinstance(self.item, Part)
        return self.item

    def label(self, step: int, round: int = 0) -> str | None:
        """The name of a step in its level, without the index that a repeat adds; None where it has none."""
        part = self.part
        name = part.labels[step]
        if name is None:
            return str(part.ordinal(step) + round) if part.numbered else None
        if isinstance(name, Template):
            group = part.steps[step]
            index = self.index
            if isinstance(group, Group) and group.repeated:
                index = None if group.shared else round
            return show_name(name, part.names, index)
        return name if isinstance(name, str) else None

    def level(self, step: int, run: int, round: int) -> str | None:
        """The level that a round of a group opens; None where it opens none."""
        group = self.part.steps[step]
        assert isinstance(group, Group)
        number = group.runs[run].start + round
        label = self.label(step, number if group.repeated and not group.shared else 0)
        if not group.indexed:
            return label
        return f"{label}.{number}" if label is not None else str(number)

    def child(self, step: int, run: int = 0, round: int = 0) -> Spot:
        """The round of a group in its place."""
        group = self.part.steps[step]
        assert isinstance(group, Group)
        chosen = group.runs[run]
        reads = chosen.reads
        if round and group.chained:
            reads = (Inside(step, run, round - 1), *reads[1:])
        level = self.level(step, run, round)
        index = self.index
        if group.repeated:
            index = None if group.shared else chosen.start + round
        if isinstance(chosen.item, Part) and chosen.item.isolated:
            index = None
        twin = None
        if group.share is not None:
            twin = self.find(group.share)
        elif self.twin is not None:
            twin = self.twin.child(step, run, round)
        prefix, base = self.prefix, self.base
        if level is not None:
            prefix, base = f"{prefix}{level}", 0
            if isinstance(chosen.item, Part):
                prefix += "."
        else:
            base += self.part.number(step)
            for number, earlier in enumerate(group.runs[: run + 1]):
                rounds = round if number == run else earlier.length
                base += (earlier.item.total if isinstance(earlier.item, Part) else 1) * (0 if group.shared else rounds)
            if isinstance(chosen.item, Leaf):
                prefix += f"{chosen.item.fitted.layer.type_name()}-{base + 1}"
        return Spot(chosen.item, self, step, reads, prefix, base, index, twin)

    def path(self, step: int) -> str:
        """The path of a layer that is a step of this part, or of the container that is."""
        done = self.part.steps[step]
        if isinstance(done, Group):
            label = self.label(step)
            return self.prefix + (label if label is not None else self._kind(done))
        label = self.label(step)
        if label is not None:
            return self.prefix + label
        kind = "?"
        if isinstance(done, Fitted):
            kind = done.layer.type_name()
        elif isinstance(done, Leaf):
            kind = done.fitted.layer.type_name()
        return f"{self.prefix}{kind}-{self.base + self.part.number(step) + 1}"

    def _kind(self, group: Group) -> str:
        return type(group.what).__name__.lower()

    def fitted(self, step: int) -> Fitted | None:
        """The layer that a step of this part is, if it is one."""
        done = self.part.steps[step]
        return done if isinstance(done, Fitted) else done.fitted if isinstance(done, Leaf) else None

    def sources(self, step: int) -> tuple[Source, ...]:
        """What a layer that is a step of this part reads."""
        done = self.part.steps[step]
        if isinstance(done, Leaf):
            return done.reads
        before = self.part.before(step)
        return () if before is None or (isinstance(done, Fitted) and not done.inputs) else (before,)

    def find(self, source: Source) -> Spot:
        """The spot of a container, or of a layer that stands alone, that a source names.

        A layer's spot holds it as a `Leaf`.
        """
        spot, step = self.follow(source)
        if step is None:
            return spot
        done = spot.part.steps[step]
        if isinstance(done, Group):
            return spot.child(step, *done.last)
        leaf = done if isinstance(done, Leaf) else Leaf(done, spot.sources(step))  # type: ignore[arg-type]
        return Spot(leaf, spot, step, leaf.reads, spot.path(step))

    def follow(self, source: Source) -> tuple[Spot, int | None]:
        """The spot and the step in it that a source names; None for the round that the spot itself is."""
        if isinstance(source, Incoming):
            assert self.parent is not None, "what comes into the model is no layer"
            return self.parent.follow(self.reads[source.number])
        if isinstance(source, Of):
            return self, source.step
        child = self.child(source.step, source.run, source.round)
        return (child, None) if source.source is None else child.follow(source.source)

    def origin(self, source: Source) -> tuple[Spot | None, int, str | None]:
        """The layer that gives what a source names: its spot, its step and the result; (None, n, None) for an input.

        Where the spot is a repeated layer itself, the step is -1.
        """
        if isinstance(source, Incoming):
            if self.parent is None:
                return None, source.number, None
            return self.parent.origin(self.reads[source.number])
        if isinstance(source, Inside):
            child = self.child(source.step, source.run, source.round)
            if source.source is not None:
                return child.origin(source.source)
            spot, step, result = child._own_result()
            return spot, step, source.result or result
        done = self.part.steps[source.step]
        if isinstance(done, Group):
            spot, step, result = self.child(source.step, *done.last)._own_result()
            return spot, step, source.result or result
        return self, source.step, source.result

    def _own_result(self) -> tuple[Spot | None, int, str | None]:
        if isinstance(self.item, Leaf):
            return self, -1, None
        assert self.item.result is not None
        return self.origin(self.item.result)

    def show(self, source: Source, inputs: Sequence[str]) -> str:
        """What a source is called: an input's name, or the path of the layer, and the result if it is not the main."""
        spot, step, result = self.origin(source)
        if spot is None:
            return inputs[step]
        path = spot.prefix if step < 0 else spot.path(step)
        return path if result is None else f"{path}:{result}"


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
        if tensor in self.owners:
            source, name = self.owners[tensor]
            spot, step = (self.spot if self.step >= 0 else self._around()).follow(source)
            path = spot.prefix if step is None else spot.path(step)
            return f"{path}.{name}" if name else path
        twin = self.spot.twin
        if twin is None:
            return None
        path = twin.prefix if self.step < 0 else twin.path(self.step)
        return f"{path}.{tensor}" if tensor else path

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
        for round in range(way.length):
            yield from self._spread(spot.child(way.step, way.run, round), at + 1, active and round < way.active)


class Way(NamedTuple):
    """One step on the way to a layer: into so many rounds of a run."""

    step: int
    run: int
    length: int
    active: int


class Graph:
    """The resolved model. `variant` is the name of the one that this is, `budget` what holds for it."""

    __slots__ = (
        "_nodes",
        "activation_dtype",
        "budget",
        "dtype",
        "inputs",
        "outputs",
        "part",
        "spec",
        "variables",
        "variant",
    )

    def __init__(self, spec: Spec, variant: str | None = None) -> None:
        self.spec = spec
        self.variant = variant
        self.variables: dict[str, Any] = {}
        self.inputs: dict[str, Value] = {}
        self.dtype = spec.dtype
        self.activation_dtype = spec.activation_dtype
        self.budget: Budget | None = spec.budget
        self.part: Part | None = None
        self.outputs: tuple[Source, ...] = ()
        self._nodes: list[Node] | None = None

    @property
    def top(self) -> Spot:
        """The model's own body in its place."""
        assert self.part is not None
        return Spot(self.part)

    def nodes(self) -> list[Node]:
        """The rows of the model, in order. What an error has spoilt is left out."""
        if self._nodes is None:
            self._nodes = list(_walk(self.top, (), (1, 1, 1, 1))) if self.part is not None else []
        return self._nodes


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
