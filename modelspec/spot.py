"""Parts in their places: paths, what comes in from where, and whose weights are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelspec.expressions import ExpressionError
from modelspec.fitting import Fitted
from modelspec.graph import Group, Incoming, Inside, Item, Leaf, Of, Part, Source
from modelspec.refusal import Refused
from modelspec.template import Template

__all__ = ["Spot", "show_label", "show_name"]


def show_name(template: Template, names: Mapping[str, Any], index: int | None) -> str:
    """A name with its expressions' values put in; `?` for one that has none, which is told where it is resolved."""
    try:
        return template.render(names if index is None else {**names, "index": index})
    except (ExpressionError, Refused):
        return "?"


def show_label(label: Any, names: Mapping[str, Any], index: int | None = None) -> str | None:
    """A name with its expressions' values put in; None where there is none."""
    if isinstance(label, Template):
        return show_name(label, names, index)
    return label if isinstance(label, str) else None


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
            group = part.at(step)
            index = self.index
            if isinstance(group, Group) and group.repeated:
                index = None if group.shared else round
            return show_name(name, part.names, index)
        return name if isinstance(name, str) else None

    def level(self, step: int, run: int, round: int) -> str | None:
        """The level that a round of a group opens; None where it opens none."""
        group = self.part.at(step)
        assert isinstance(group, Group)
        number = group.runs[run].start + round
        label = self.label(step, number if group.repeated and not group.shared else 0)
        if not group.indexed:
            return label
        return f"{label}.{number}" if label is not None else str(number)

    def child(self, step: int, run: int = 0, round: int = 0) -> Spot:
        """The round of a group in its place."""
        group = self.part.at(step)
        assert isinstance(group, Group)
        chosen = group.runs[run]
        reads = chosen.reads
        passes_on = isinstance(chosen.item, Part) and chosen.item.result == Incoming(0)
        if round and group.chained and not passes_on:
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
            twin = self.twin.counterpart(step, chosen.start + round)
        prefix, base = self.prefix, self.base
        if level is not None:
            prefix, base = f"{prefix}{level}", 0
            if isinstance(chosen.item, Part):
                prefix += "."
        else:
            base += self.part.number(step) + group.before(run)
            if not group.shared:
                base += round * (chosen.item.total if isinstance(chosen.item, Part) else 1)
            if isinstance(chosen.item, Leaf):
                prefix += f"{chosen.item.fitted.layer.type_name()}-{base + 1}"
        return Spot(chosen.item, self, step, reads, prefix, base, index, twin)

    def counterpart(self, step: int, number: int) -> Spot | None:
        """The round of a group with this number; None where an error has spoilt it."""
        group = self.part.steps[step] if isinstance(self.item, Part) and step < len(self.part.steps) else None
        place = group.locate(number) if isinstance(group, Group) else None
        return None if place is None else self.child(step, *place)

    def path(self, step: int) -> str:
        """The path of a layer that is a step of this part, or of the container that is."""
        done = self.part.at(step)
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
        done = self.part.at(step)
        return done if isinstance(done, Fitted) else done.fitted if isinstance(done, Leaf) else None

    def sources(self, step: int) -> tuple[Source, ...]:
        """What a layer that is a step of this part reads."""
        done = self.part.at(step)
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
        done = spot.part.at(step)
        leaf = done if isinstance(done, Leaf) else Leaf(done, spot.sources(step))  # type: ignore[arg-type]
        return Spot(leaf, spot, step, leaf.reads, spot.path(step))

    def follow(self, source: Source) -> tuple[Spot, int | None]:
        """The spot and the step in it that a source names; None for the round that the spot itself is."""
        if isinstance(source, Incoming):
            assert self.parent is not None, "what comes into the model is no layer"
            return self.parent.follow(self.reads[source.number])
        if isinstance(source, Of):
            done = self.part.at(source.step)
            return (self.child(source.step, *done.last), None) if isinstance(done, Group) else (self, source.step)
        child = self.child(source.step, source.run, source.round)
        return (child, None) if source.source is None else child.follow(source.source)

    def origin(self, source: Source) -> tuple[Spot | None, int, str | None]:
        """The layer that gives what a source names: its spot, its step and the result; (None, n, None) for an input.

        Where the spot is a repeated layer itself, the step is -1.
        """
        spot, result = self, None
        while True:
            if isinstance(source, Incoming):
                if spot.parent is None:
                    return None, source.number, None
                spot, source = spot.parent, spot.reads[source.number]
                continue
            result = source.result or result
            if isinstance(source, Of):
                done = spot.part.at(source.step)
                if not isinstance(done, Group):
                    return spot, source.step, result
                spot = spot.child(source.step, *done.last)
            else:
                spot = spot.child(source.step, source.run, source.round)
                if source.source is not None:
                    source = source.source
                    continue
            if isinstance(spot.item, Leaf):
                return spot, -1, result
            assert spot.item.result is not None
            source = spot.item.result

    def show(self, source: Source, inputs: Sequence[str]) -> str:
        """What a source is called: an input's name, or the path of the layer, and the result if it is not the main."""
        spot, step, result = self.origin(source)
        if spot is None:
            return inputs[step]
        path = spot.prefix if step < 0 else spot.path(step)
        return path if result is None else f"{path}:{result}"
