"""The resolved model: what each body has become, as often as it stands there, and every layer by its path.

A body that has been resolved is a `Part`: its steps in order, each with what it reads. A part knows nothing of where
it stands: what comes into it is `Incoming`, so that one part serves for a thousand rounds. A `Spot` is a part in its
place, with its path and its index; spots are made as they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from modelspec.diagnostics import Route, Where
from modelspec.fitting import Fitted, Value
from modelspec.record import NamedTuple

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
    "Of",
    "Part",
    "Run",
    "Source",
    "Step",
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


def _start(run: Run) -> int:
    return run.start


class Group:
    """A container, the call of a block, or anything repeated, in its place in a part.

    `indexed` says whether each round's index stands in its path, `repeated` whether there is an index at all, `shared`
    whether all rounds are one layer, `chained` whether each round reads what the one before gave. `share` is the layer
    or container whose weights it uses. `what` and `names` are what it was resolved from.
    """

    __slots__ = (
        "_before",
        "chained",
        "context",
        "indexed",
        "names",
        "repeated",
        "runs",
        "share",
        "shared",
        "value",
        "what",
    )

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
        self.value: Any = None
        """What flows out of it."""
        self.share: Source | None = None
        self._before: list[int] = [0]

    def before(self, run: int) -> int:
        """How many layers of the level around stand in the runs before one, where the group opens none."""
        while len(self._before) <= run:
            self._before.append(self._before[-1] + self._count(len(self._before) - 1))
        return self._before[run]

    @property
    def total(self) -> int:
        """How many layers of the level around stand in all runs that there are so far, where the group opens none."""
        last = len(self.runs) - 1
        return self.before(last) + self._count(last) if self.runs else 0

    def _count(self, run: int) -> int:
        chosen = self.runs[run]
        layers = chosen.item.total if isinstance(chosen.item, Part) else 1
        # The rounds of a shared repeat are one, and stand before none of them.
        return 0 if self.shared else layers * chosen.length

    def locate(self, number: int) -> tuple[int, int] | None:
        """The run and the round in it of a round, by its number from 0; None if there is no such round."""
        from bisect import bisect_right

        index = bisect_right(self.runs, number, key=_start) - 1
        if index < 0 or number >= self.runs[index].start + self.runs[index].length:
            return None
        return index, number - self.runs[index].start

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
        "_rows",
        "binds",
        "file",
        "findings",
        "isolated",
        "labels",
        "level",
        "names",
        "numbered",
        "pending",
        "result",
        "route",
        "routes",
        "steps",
        "undecided",
        "used",
        "vague",
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
        self.used: set[int] = set()
        """Of what comes in for references to the outside, that which one of them means."""
        self.vague = False
        """Whether an error has spoilt something without a name, in which there may be names."""
        self.undecided: tuple[int, ...] = ()
        """The steps of which it cannot be told whether they are left in."""
        self.pending: Group | None = None
        """The repeat after the last step, while its rounds are being resolved: they may go back to one another."""
        self.result: Source | None = None
        self.value: Any = None
        """What flows out of it."""
        self.findings: range = range(0)
        self.binds: bool | None = None
        self.level: Any = None
        """The names of its level, once somebody has asked for one."""
        self._numbers: list[int] | None = None
        self._ordinals: list[int] | None = None
        self._rows = (0, 0)

    def at(self, step: int) -> Step:
        """What an entry has become, or what there is of it so far."""
        return self.steps[step] if step < len(self.steps) else self.pending

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

    @property
    def rows(self) -> int:
        """How many layers that differ in their path its steps are so far, rounds that are the same as one."""
        counted, rows = self._rows
        for done in self.steps[counted:]:
            if isinstance(done, Group):
                rows += sum([1 if isinstance(run.item, Leaf) else run.item.rows for run in done.runs])
            else:
                rows += 1
        self._rows = len(self.steps), rows
        return rows

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
            rounds = 1
            if isinstance(done, Group) and done.repeated and not done.shared:
                rounds = sum(run.length for run in done.runs)
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
        for run in done.runs[:1] if done.shared else done.runs:
            rounds = 1 if done.shared else run.length
            if isinstance(run.item, Leaf):
                layers += rounds
            elif not opens:
                layers += run.item.total * rounds
        return layers

    @property
    def total(self) -> int:
        """How many layers of the level it stands in it has."""
        return self.number(len(self.steps))


Item = Leaf | Part


class Graph:
    """The resolved model. `variant` is the name of the one that this is.

    `budget` is what the spec says of it, `demands` what the configuration does.
    """

    __slots__ = (
        "activation_dtype",
        "budget",
        "demands",
        "dtype",
        "inputs",
        "outputs",
        "part",
        "rows",
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
        self.demands: tuple[Budget, ...] = ()
        self.part: Part | None = None
        self.outputs: tuple[Source, ...] = ()
        self.rows: Any = None
        """Its rows, once somebody has asked for them: see `rows`."""
