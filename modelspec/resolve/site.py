"""Where a container stands, and what arrives there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.diagnostics import Where
from modelspec.graph import Group, Part, Source
from modelspec.resolve.frames import Frame
from modelspec.resolve.lookup import Pending
from modelspec.spot import Spot, show_label

__all__ = ["Resolved", "Site", "at"]

Resolved = tuple[Part, tuple[Source, ...]]
"""A part, and what comes into it, in terms of the body that it stands in."""


class Site:
    """Where a container stands, and what arrives there. `at` is the index that holds in it."""

    __slots__ = ("at", "frame", "group", "index", "names", "pending", "sources", "spoilt", "values", "where")

    def __init__(
        self,
        frame: Frame,
        index: int,
        group: Group,
        sources: tuple[Source, ...],
        values: tuple[Any, ...],
        names: Mapping[str, Any],
        at: int | None,
        where: Where,
        pending: Pending | None,
    ) -> None:
        self.frame = frame
        self.index = index
        self.group = group
        self.sources = sources
        self.values = values
        self.names = names
        self.at = at
        self.where = where
        self.pending = pending
        self.spoilt = False

    def spot(self, part: Part, reads: tuple[Source, ...]) -> Spot:
        """The place of a part that is on its way here: the next round of the group."""
        around, group = self.frame.spot, self.group
        label = show_label(self.frame.part.labels[self.index], self.names, self.at)
        if label is None and self.frame.part.numbered:
            rounds = 0 if group.shared else sum(run.length for run in group.runs)
            label = str(self.frame.part.ordinal(self.index) + rounds)
        level = label
        if group.indexed:
            level = str(self.at) if label is None else f"{label}.{self.at}"
        prefix, base = around.prefix, 0
        if level is not None:
            prefix += f"{level}."
        else:
            base = around.base + self.frame.part.number(self.index) + group.total
        return Spot(part, around, self.index, reads, prefix, base, None if part.isolated else self.at)


def at(where: Where, *steps: str) -> Where:
    """A place inside of an entry."""
    return where._replace(route=(*where.route, *steps))
