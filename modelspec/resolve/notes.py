"""What is found on the way, told once, and the values of expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from modelspec.diagnostics import Finding, Related, Where
from modelspec.entry import SPOILT
from modelspec.expressions import Expression, ExpressionError
from modelspec.kinds import Deferred, refuse_expression
from modelspec.refusal import Refused, find_near, name_value
from modelspec.shape import Shape, show_shape
from modelspec.source import MAX_FAULTS

__all__ = ["ARRIVING", "Enough", "Notes", "Reader", "Sizes"]

ARRIVING = frozenset({"in_channels", "in_features", "size"})
"""What an expression asks of what arrives."""
MAX_EVALUATED = 2_000_000
"""Characters of expressions that are evaluated for one document: a microsecond each at worst."""
MAX_OFFERS = 300
"""Variables among which one is sought that was surely meant: seeking takes time, and each mistake seeks anew."""
MAX_CALLS = 3
"""Calls that are told of a block in which something is wrong."""
MAX_WAY = 12
"""Calls that are told of those on the way to it: the nearest, and the first."""


class Enough(Exception):
    """So much is wrong that nothing more is told."""


class Notes:
    """The findings of one walk. `calls` are the calls of blocks that it is in, the innermost last."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.calls: list[Related] = []
        self.told: dict[tuple[Any, ...], int] = {}
        self.called: dict[int, int] = {}
        self.evaluated = 0

    def note(self, finding: Finding) -> None:
        """Take a finding down, once. After `MAX_FAULTS` of them the walk ends."""
        way = self.calls[::-1]
        if len(way) > MAX_WAY:
            way = [*way[: MAX_WAY - 1], way[-1]]
        finding = finding._replace(related=(*finding.related, *way))
        cause = finding.cause
        if cause in self.told:
            self.add_calls(range(self.told[cause], self.told[cause] + 1))
            return
        self.told[cause] = len(self.findings)
        if len(self.findings) + 1 >= MAX_FAULTS:
            hint = f"{finding.hint or 'mend this'}; nothing more is told after {MAX_FAULTS} faults"
            self.findings.append(finding._replace(hint=hint))
            raise Enough
        self.findings.append(finding)

    def add_calls(self, findings: range) -> None:
        """Tell of findings in a block that the call which is being resolved has them, too."""
        if not self.calls:
            return
        for number in findings:
            finding = self.findings[number]
            if self.calls[-1] in finding.related:
                continue
            times = self.called[number] = self.called.get(number, 1) + 1
            if times <= MAX_CALLS:
                self.findings[number] = finding._replace(related=(*finding.related, self.calls[-1]))

    def spend(self, expression: Expression, where: Where) -> None:
        """Count an expression that is evaluated against the bound."""
        self.evaluated += len(expression.text)
        if self.evaluated > MAX_EVALUATED:
            message = f"more than {MAX_EVALUATED:,} characters of expressions are worked out here, the bound"
            self.note(Finding("MS404", message, where, "compute what they have in common in variables"))
            raise Enough


class Reader:
    """Gives the values of expressions, and tells what is wrong with them."""

    def __init__(self, notes: Notes, declared: Mapping[str, Any], *, unread: bool = False) -> None:
        self.notes = notes
        self.unread = unread
        """Whether there are variables that could not be read, which is told."""
        self.unusable = frozenset([name for name in declared if not name.isidentifier()])

    def fill(
        self,
        deferred: Deferred,
        where: Where,
        names: Mapping[str, Any],
        *,
        shape: Shape | None = None,
        arriving: bool = True,
        layer: Callable[[], str] | None = None,
        later: Mapping[str, Any] | None = None,
    ) -> Any:
        """The complete value of what holds expressions; SPOILT if it has none, which is then told.

        `shape` is that of what arrives (None: nothing does; with `arriving` False an error has spoilt it); `layer`
        gives the path that is told; `later` are the names that are declared beside this one, some of them further down.
        """
        values: list[Any] = []
        good = True
        for inner, expression in deferred.expressions:
            if self._is_spoilt(expression, names) or (not arriving and expression.names & ARRIVING):
                good = False
                continue
            self.notes.spend(expression, where)
            try:
                values.append(expression.evaluate(names, None if shape is None else Sizes(shape)))
            except ExpressionError as error:
                good = False
                refused = refuse_expression(error, inner, expression.text, deferred.kind.options)
                self._tell_error(refused, where, layer, expression, names, later or {})
        if not good:
            return SPOILT
        try:
            return deferred.fill(values)
        except Refused as refused:
            for part in refused.each():
                # What is meant by a value is not what is to stand in the place of its expression.
                part.fix = ()
                for (inner, expression), computed in zip(deferred.expressions, values, strict=True):
                    # A bad literal is the schema's business; a bad value of an expression is told at the expression.
                    if part.code in ("MS205", "MS206") and part.route[: len(inner)] == inner:
                        part.code, part.route = "MS406", inner
                        part.hint = _offer(expression, computed, names) or part.hint
                        break
                self.tell(part, where, layer)
            return SPOILT

    def _is_spoilt(self, expression: Expression, names: Mapping[str, Any]) -> bool:
        """Whether an expression reads a variable that has been told to be wrong."""
        if self.unusable and expression.text in self.unusable:
            return True
        return any(name in names and names[name] is SPOILT for name in expression.names)

    def _tell_error(
        self,
        refused: Refused,
        where: Where,
        layer: Callable[[], str] | None,
        expression: Expression,
        names: Mapping[str, Any],
        later: Mapping[str, Any],
    ) -> None:
        late = [name for name in expression.names if name in later and name not in names]
        if not late:
            if self.unread and refused.code == "MS402" and not expression.names & ARRIVING:
                return
            other = self._hint_name(refused, expression, names, later)
            if other is not None:
                refused.hint, refused.fix = other, ()
            self.tell(refused, where, layer)
            return
        at = where.route[-1]
        related = Related(where._replace(route=(*where.route[:-1], late[0]), part="key"), f"'{late[0]}' stands here")
        if late[0] == at:
            message, hint = f"'{at}' is made of itself", "give it a value, or make it of other variables"
        else:
            message = f"'{late[0]}' is not there yet: it stands further down"
            hint = f"move '{late[0]}' above '{at}'"
        there = where._replace(route=(*where.route, *refused.route), span=refused.span)
        self.notes.note(Finding("MS402", message, there, hint, None, (related,)))

    def _hint_name(
        self, refused: Refused, expression: Expression, names: Mapping[str, Any], later: Mapping[str, Any]
    ) -> str | None:
        """The way out for a name that is not known, where it is told by what stands around the expression."""
        if refused.code != "MS402":
            return None
        if "index" in expression.names and "index" not in names and self.notes.calls:
            return "a block does not see the index of its call: pass it in, as in `with: {number: index}`"
        for name in expression.names:
            near = None if name in names else find_near(name, islice(later, MAX_OFFERS))
            if near is not None and near not in names:
                return f"did you mean '{near}'? It stands further down: move it up"
        return None

    def tell(self, refused: Refused, where: Where, name: Callable[[], str] | None) -> None:
        """Take a refusal down; `name` gives the path of the layer."""
        layer = None if name is None else name()
        there = where._replace(route=(*where.route, *refused.route), span=refused.span)
        message = f"{layer}: {refused.message}" if layer else refused.message
        fix = tuple([edit._replace(route=(*where.route, *edit.route), file=where.file) for edit in refused.fix])
        self.notes.note(Finding(refused.code, message, there, refused.hint, layer, fix=fix))


class Sizes:
    """`size(n)`: the axis n of what arrives, counted as the framework does, in which 0 is the batch."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def __call__(self, axis: int) -> Any:
        rank = len(self.shape) + 1
        if axis in (0, -rank):
            raise IndexError("axis 0 is the batch, which has no size here", "the first axis of a sample is size(1)")
        if not -rank < axis < rank:
            axes = "size(1)" if rank == 2 else f"size(1) to size({rank - 1})"
            hint = f"its axes are {axes}; negative ones count from the end"
            raise IndexError(f"{show_shape(self.shape)} has no axis {axis}", hint)
        return self.shape[axis - 1] if axis > 0 else self.shape[axis]


def _offer(expression: Expression, computed: Any, names: Mapping[str, Any]) -> str | None:
    """The way out where an expression's value does not fit: a whole division, one entry, or what it was made of."""
    if isinstance(computed, float):
        text = expression.text
        slashed = text.replace("/", "//") if text.count("/") == 1 else ""
        if slashed:
            return f"write {slashed}"
        return "int(…), round(…) and ceil(…) give whole numbers" if expression.names else None
    if isinstance(computed, tuple):
        return f"take one entry of the list: {expression.text}[0]"
    known = [name for name in sorted(expression.names) if name in names]
    if not known or computed is None:
        return None
    return ", ".join(f"{name} is {name_value(names[name])}" for name in known[:4])
