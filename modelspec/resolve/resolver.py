"""What an entry is that is more than a layer: each kind by the part of the walk that knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.diagnostics import Finding, Where
from modelspec.entry import (
    Call,
    Chain,
    Entry,
    Fork,
    Mixture,
    Share,
    What,
)
from modelspec.graph import Group, Leaf, Source
from modelspec.language import MAX_NESTING
from modelspec.resolve.frames import Context, Frame
from modelspec.resolve.lookup import Pending
from modelspec.resolve.notes import Enough
from modelspec.resolve.sharing import Sharing
from modelspec.resolve.site import Resolved, Site

__all__ = ["Resolver"]


class Resolver(Sharing):
    """A walk over entries of every kind."""

    def read_what(
        self,
        frame: Frame,
        index: int,
        what: What,
        group: Group,
        sources: tuple[Source, ...],
        values: tuple[Any, ...] | None,
        names: Mapping[str, Any],
        at: int | None,
        where: Where,
        pending: Pending | None = None,
    ) -> Leaf | Resolved | None:
        """A container, the call of a block, or shared weights, on what arrives; with what it reads."""
        self.depth += 1
        try:
            return self.read_inside(frame, index, what, group, sources, values, names, at, where, pending)
        finally:
            self.depth -= 1

    def read_inside(
        self,
        frame: Frame,
        index: int,
        what: What,
        group: Group,
        sources: tuple[Source, ...],
        values: tuple[Any, ...] | None,
        names: Mapping[str, Any],
        at: int | None,
        where: Where,
        pending: Pending | None,
    ) -> Leaf | Resolved | None:
        """What stands in a container, or behind a call."""
        if self.depth > MAX_NESTING:
            message = f"containers and calls are nested more than {MAX_NESTING} deep, the bound"
            self.notes.note(Finding("MS412", message, where, "let fewer blocks call one another"))
            raise Enough
        # Of what an error has spoilt, the entries inside are resolved all the same, for mistakes of their own.
        arriving = (None,) * len(sources) if values is None else values
        site = Site(frame, index, group, sources, arriving, names, at, where, pending)
        site.spoilt = values is None
        if isinstance(what, Share):
            return self.read_share(site, what)
        if isinstance(what, Call):
            return self.read_call(site, what)
        assert not isinstance(what, Entry)
        context = Context(frame.context.trainable and what.trainable, what.dtype or frame.context.dtype)
        if isinstance(what, Mixture):
            return self.read_mixture(site, what, context)
        kind = "Sequential" if isinstance(what, Chain) else "Residual" if what.residual else "Parallel"
        if len(arriving) != 1 and (arriving or isinstance(what, Fork)):
            self.refuse_number(site, kind, "one input", len(arriving))
            return None
        return self.read_container(site, what, context)
