"""Calls of blocks: their arguments, and what a block resolves to with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.diagnostics import Finding, Related, Where
from modelspec.entry import (
    SPOILT,
    Body,
    Call,
    Spoilt,
)
from modelspec.graph import Part
from modelspec.kinds import Deferred
from modelspec.refusal import find_near
from modelspec.resolve.containers import Containers
from modelspec.resolve.frames import Context, Frame
from modelspec.resolve.site import Resolved, Site, at
from modelspec.resolve.walk import pin
from modelspec.shape import Unknown

__all__ = ["Calls"]


class Calls(Containers):
    """A walk that knows the blocks."""

    def read_call(self, site: Site, what: Call) -> Resolved | None:
        """The call of a block: resolved once for the same arguments on what arrives alike."""
        block = what.block
        if isinstance(block.body, Spoilt):
            return None
        context = Context(site.frame.context.trainable and what.trainable, what.dtype or site.frame.context.dtype)
        if len(site.values) != len(block.inputs) and not (not site.values and len(block.inputs) == 1):
            count = len(block.inputs)
            takes = "one input" if count == 1 else f"{count} inputs ({', '.join(block.inputs)})"
            self.refuse_number(site, f"the block '{block.name}'", takes, len(site.values))
            return None
        arguments = self.read_arguments(site, what)
        if arguments is None:
            return None
        key = (block, site.values, pin(arguments, frozenset(arguments)), context)
        part = self.parts.get(key)
        named = site.frame.part.labels[site.index] is not None
        told = f"called from here, as '{self.path(site.frame, site.index)}'" if named else "called from here"
        self.notes.calls.append(Related(at(site.where, "block"), told))
        try:
            if part is None:
                began = len(self.notes.findings)
                part = self.read_block(site, what, arguments, context)
                self.finish(key, part, began)
            else:
                self.notes.add_calls(part.findings)
        finally:
            self.notes.calls.pop()
        return part, site.sources

    def read_arguments(self, site: Site, what: Call) -> dict[str, Any] | None:
        """The values of a call's arguments, the defaults put in; None if one has none, which is told."""
        block, first = what.block, site.values[0] if site.values else None
        shape = getattr(first, "shape", None)
        names = self.add_arriving(site.names, shape)
        given: dict[str, Any] = {}
        meant: list[str | None] = []
        good = True
        for name, value in what.arguments.items():
            there = at(site.where, "with", name)
            if name not in block.arguments:
                good = False
                meant.append(self.refuse_argument(site, what, name))
            elif isinstance(value, Deferred):
                given[name] = self.reader.fill(value, there, names, shape=shape, arriving=first is not None)
                good = good and given[name] is not SPOILT
            else:
                given[name] = value
        missing = [name for name, default in block.arguments.items() if default is None and name not in given]
        # One that is misspelt is told already.
        missing = [name for name in missing if name not in what.arguments and name not in meant]
        if missing:
            from modelspec.slips import join_names

            example = ", ".join(f"{name}: …" for name in missing)
            are = "is" if len(missing) == 1 else "are"
            message = f"the block '{block.name}' wants {join_names(missing)}, which {are} not given"
            related = (Related(Where(block.route, "key", file=block.file), "the block is declared here"),)
            hint = f"write them under `with`: {{{example}}}"
            self.notes.note(Finding("MS410", message, at(site.where, "block"), hint, None, related))
        return given if good and not missing else None

    def refuse_argument(self, site: Site, what: Call, name: str) -> str | None:
        """Refuse an argument that a block does not have; the one that may be meant, if there is one."""
        known = list(what.block.arguments)
        near = find_near(name, known)
        hint = (
            f"did you mean '{near}'?" if near else f"its arguments are {', '.join(known)}" if known else "it has none"
        )
        there = at(site.where, "with", name)._replace(part="key")
        related = (Related(Where(what.block.route, "key", file=what.block.file), "the block is declared here"),)
        message = f"the block '{what.block.name}' has no argument '{name}'"
        self.notes.note(Finding("MS410", message, there, hint, None, related))
        return near

    def read_block(self, site: Site, what: Call, given: Mapping[str, Any], context: Context) -> Part:
        """A block on what arrives, with its arguments."""
        block = what.block
        assert isinstance(block.body, Body)
        first = site.values[0] if site.values else None
        shape = getattr(first, "shape", None)
        names = dict(self.see(block.file))
        where = Where(block.route, file=block.file)
        for name, default in block.arguments.items():
            if name in given:
                names[name] = given[name]
            elif isinstance(default, Deferred):
                there = at(where, "arguments", name)
                names[name] = self.reader.fill(default, there, names, arriving=True, later=block.arguments)
            else:
                names[name] = default
        arriving = self.add_arriving({}, shape)
        for name, value in block.variables.items():
            if isinstance(value, Deferred):
                there = at(where, "variables", name)
                seen = {**names, **arriving}
                value = self.reader.fill(
                    value, there, seen, shape=shape, arriving=first is not None, later=block.variables
                )
            names[name] = Unknown(name) if value is None else value
        part = self.start(block.body, names, isolated=True)
        inputs = {name: number for number, name in enumerate(block.inputs)} | {"input": 0}
        frame = Frame(part, site.spot(part, site.sources), site.values, names, context, inputs, {})
        self.read_body(frame, block.body)
        return part

    def see(self, file: str) -> Mapping[str, Any]:
        """The variables that the blocks of a file see: that file's."""
        known = self.blocks_see.get(file)
        if known is None:
            names: dict[str, Any] = {}
            declared = self.spec.libraries[file].variables
            for name, value in declared.items():
                if isinstance(value, Deferred):
                    value = self.reader.fill(value, Where(("variables", name), file=file), names, later=declared)
                names[name] = Unknown(name) if value is None else value
            known = self.blocks_see[file] = names
        return known
