"""Bodies on their way to be resolved, and what flows in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelspec.fitting import Fitted, Value
from modelspec.graph import Group, Incoming, Inside, Leaf, Of, Part, Source
from modelspec.record import NamedTuple

if TYPE_CHECKING:
    from modelspec.entry import Entry
    from modelspec.resolve.levels import Level
    from modelspec.spot import Spot

__all__ = ["Choice", "Context", "Flow", "Frame", "Target", "Unresolved", "done_at", "value_at"]


class Context(NamedTuple):
    """What containers say of all that is in them: whether training changes it, and the dtype of its weights."""

    trainable: bool
    dtype: str


class Choice:
    """What flows behind a layer that has no main result: nothing, before one of them is chosen."""

    __slots__ = ("fitted",)

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted


Flow = Value | Choice | None
"""What flows: a tensor, several of which none is the main one, or (None) what an error has spoilt."""


class Target(NamedTuple):
    """A layer or container whose weights are meant, and the name of the tensor, if one is.

    `group` is the container, where `done` is that or one of its rounds.
    """

    source: Source
    done: Fitted | Leaf | Group | Part | None
    tensor: str | None = None
    group: Group | None = None


class Unresolved(Exception):
    """A reference that means nothing."""


class Frame:
    """A body on its way. `values` is what comes into it, with what its references mean outside of it at the end.

    `inputs` are the names of what comes in, `captured` the references to the outside, each with its number among the
    values. `value` is what the next entry reads, and `last` where that comes from. `spot` is None for the model's own
    body, whose place is made when it is asked for.
    """

    __slots__ = (
        "_last",
        "_level",
        "_spot",
        "at",
        "captured",
        "context",
        "inputs",
        "is_top",
        "names",
        "part",
        "told",
        "turn",
        "value",
        "values",
    )

    def __init__(
        self,
        part: Part,
        spot: Spot | None,
        values: tuple[Any, ...],
        names: Mapping[str, Any],
        context: Context,
        inputs: Mapping[str, int],
        captured: Mapping[tuple[str, str], Any],
    ) -> None:
        self.part = part
        self.is_top = spot is None
        self._spot = spot
        self._level: Level | None = None
        self.values = values
        self.names = names
        self.context = context
        self.inputs = inputs
        self.captured = captured
        self.value: Flow = values[0] if values else None
        self.told: dict[Entry, str] = {}
        """Entries with expressions that have been resolved here, and have the same values further down: written out."""
        self.turn: int | None = None
        """The round of the entry that is being resolved, where that is a layer."""
        self.at = -1
        """The layer that came last, where that has been passed on without a word: see `last`."""
        self._last: Source | None = Incoming(0) if values else None

    @property
    def last(self) -> Source | None:
        """Where `value` comes from."""
        if self.at >= 0:
            self._last, self.at = Of(self.at), -1
        return self._last

    @last.setter
    def last(self, source: Source | None) -> None:
        self._last, self.at = source, -1

    def within(self, names: Mapping[str, Any], turn: int | None) -> Frame:
        """The same body at the same place, in a round of one of its entries, where other names hold."""
        inner = Frame(self.part, self.spot, self.values, names, self.context, self.inputs, self.captured)
        inner.turn = turn
        inner.is_top, inner._level, inner.value, inner.last = self.is_top, self.level, self.value, self.last
        return inner

    @property
    def spot(self) -> Spot:
        """The body in its place."""
        if self._spot is None:
            from modelspec.spot import Spot

            self._spot = Spot(self.part)
        return self._spot

    @property
    def level(self) -> Level:
        """The names of its level."""
        if self._level is None:
            from modelspec.resolve.levels import Level

            self._level = Level(self.part, self.index)
        return self._level

    @property
    def index(self) -> int | None:
        """The index that holds in it."""
        return None if self._spot is None else self._spot.index


def done_at(part: Part, source: Source) -> Any:
    """What stands where a source says: a layer, a group, or the part that a round is."""
    if isinstance(source, Of):
        return part.at(source.step)
    assert isinstance(source, Inside)
    group = part.at(source.step)
    assert isinstance(group, Group)
    item = group.runs[source.run].item
    if source.source is None:
        return item
    assert isinstance(item, Part)
    return done_at(item, source.source)


def value_at(part: Part, values: tuple[Any, ...], source: Source, result: str | None) -> Flow:
    """What flows from a source, or the result of it with that name. Raises Unresolved if there is no such result."""
    flow: Flow
    if isinstance(source, Incoming):
        if result is not None:
            raise Unresolved
        flow = values[source.number]
        return flow
    done = done_at(part, source)
    if isinstance(done, Group):
        if result is None:
            flow = done.value
            return flow
        done = done.runs[-1].item
    if isinstance(done, Leaf):
        done = done.fitted
    if isinstance(done, Part):
        # What an error has spoilt may have any result.
        if result is not None and done.value is not None:
            raise Unresolved
        flow = done.value
        return flow
    if not isinstance(done, Fitted):
        return None
    if result is None:
        return Choice(done) if done.layer.chooses else done.output
    if result not in done.outputs:
        raise Unresolved
    return done.outputs[result]
