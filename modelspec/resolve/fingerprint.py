"""What an index comes to in a round of a repeat: rounds in which it comes to the same are the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelspec.diagnostics import Where
from modelspec.entry import SPOILT, Body, Call, Chain, Entry, Fork, Mixture, Share, Step, What
from modelspec.expressions import Expression, ExpressionError
from modelspec.kinds import Deferred
from modelspec.refusal import Refused
from modelspec.resolve.notes import ARRIVING, Notes
from modelspec.template import Reference, Template

__all__ = ["Fingerprint"]


class Fingerprint:
    """The expressions and references of a repeated entry that read the index.

    `usable` is False where one of them also asks what arrives: its value is not known before the round is resolved.
    """

    __slots__ = ("expressions", "templates", "usable")

    def __init__(self, step: Step) -> None:
        self.expressions: list[Expression] = []
        self.templates: list[Template] = []
        for each in _list_step(step):
            if isinstance(each, Template):
                self.templates.append(each)
            else:
                self.expressions.append(each)
        self.usable = not any(expression.names & ARRIVING for expression in self.expressions)

    def take(self, names: Mapping[str, Any], notes: Notes, where: Where) -> tuple[Any, ...] | None:
        """The values of all of them; None where one has no value, which is told where it stands."""
        if not self.usable:
            return None
        values: list[Any] = []
        try:
            for expression in self.expressions:
                if any(names.get(name) is SPOILT for name in expression.names):
                    return None
                notes.spend(expression, where)
                value = expression.evaluate(names)
                values.append((value.__class__, repr(value) if isinstance(value, tuple) else value))
            values += [template.render(names) for template in self.templates]
        except (ExpressionError, Refused):
            return None
        return tuple(values)


Found = Iterator[Expression | Template]


def _list_step(step: Step) -> Found:
    """What reads the index of the repeat that an entry is, or stands in."""
    yield from _list_value(step.when)
    for reference in step.inputs or ():
        yield from _list_reference(reference)
    for tie in step.ties:
        yield from _list_reference(tie.to)
        yield from _list_value(tie.when)
    yield from _list_what(step.what)


def _list_what(what: What) -> Found:
    if isinstance(what, Entry):
        for _, waiting in what.deferred:
            yield from _list_value(waiting)
    elif isinstance(what, Chain):
        yield from _list_body(what.body)
    elif isinstance(what, Fork):
        for branch in what.branches:
            yield from _list_body(branch)
        if what.merge is not None:
            yield from _list_entry(what.merge.entry)
    elif isinstance(what, Mixture):
        # Inside, the index is that of the expert.
        yield from _list_value(what.experts)
        yield from _list_value(what.experts_per_token)
    elif isinstance(what, Call):
        for value in what.arguments.values():
            yield from _list_value(value)
    elif isinstance(what, Share):
        yield from _list_reference(what.to)


def _list_body(body: Body) -> Found:
    for entry in body.entries:
        yield from _list_entry(entry)


def _list_entry(entry: Any) -> Found:
    if isinstance(entry, Entry):
        yield from _list_what(entry)
    elif isinstance(entry, Step):
        if entry.repeat is None:
            yield from _list_step(entry)
        else:
            # Inside, the index is its own.
            yield from _list_value(entry.repeat)


def _list_value(value: Any) -> Found:
    if isinstance(value, Deferred):
        yield from (expression for _, expression in value.expressions if "index" in expression.names)


def _list_reference(reference: Reference) -> Found:
    if isinstance(reference.path, Template) and "index" in reference.path.names:
        yield reference.path
