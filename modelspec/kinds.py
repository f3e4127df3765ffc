"""Kinds of values: what a field takes, in words and as JSON Schema, and how a literal becomes the value itself.

A kind is asked twice. `read` takes what the author wrote, where a string may be an expression (`2 * hidden_dim`); what
holds one comes back as `Deferred`. `complete` takes plain numbers and gives the value that a layer works with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from modelspec.diagnostics import Edit, Route
from modelspec.expressions import MAX_VALUE, Expression, ExpressionError, parse
from modelspec.refusal import Refused, find_near, name_value
from modelspec.shape import Unknown

__all__ = [
    "AnyValue",
    "Boolean",
    "Choice",
    "Deferred",
    "Integer",
    "Kind",
    "ListOf",
    "Literal",
    "Named",
    "Number",
    "Optional",
    "PerAxis",
    "Text",
    "Words",
    "is_sure",
    "put",
    "refuse_expression",
]

MAX_REFUSALS = 20
"""Members of one list that are told to be wrong: more than anyone mends in one go."""


class Deferred:
    """A value that holds expressions: known in kind, and not yet in number."""

    __slots__ = ("expressions", "kind", "raw")

    def __init__(self, kind: Kind, raw: Any, expressions: tuple[tuple[Route, Expression], ...]) -> None:
        self.kind = kind
        self.raw = raw
        self.expressions = expressions

    def fill(self, values: Iterable[Any]) -> Any:
        """The complete value, with the expressions' values (in the order of `expressions`) in their places.

        Raises Refused, with the route of what is refused.
        """
        raw = self.raw
        for (route, _), value in zip(self.expressions, values, strict=True):
            raw = put(raw, route, list(value) if isinstance(value, tuple) else value)
        return self.kind.complete(raw)


def put(raw: Any, route: Route, value: Any) -> Any:
    """A value with another at the end of a route into it. Nothing of the first is changed."""
    if not route:
        return value
    copy: Any = dict(raw) if isinstance(raw, Mapping) else list(raw)
    step = route[0]
    copy[step] = put(raw[step], route[1:], value)
    return copy


class Kind:
    """What a field takes. Subclasses say it in `words`, in `complete` and in `schema`."""

    words: str
    options: tuple[str, ...] = ()
    """The strings that are values themselves, and no expressions."""

    def bind(self, owner: type) -> Kind:
        """This kind, for a field of the class `owner`: some depend on its number of axes."""
        return self

    def find(self, value: Any) -> Iterator[tuple[Route, str]]:
        """The strings in `value` that are expressions, with the way to each."""
        if isinstance(value, str):
            yield (), value

    def complete(self, value: Any) -> Any:
        """The value that a layer works with. Raises Refused."""
        raise NotImplementedError

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        """JSON Schema (draft 7) of what may be written; `expression` is the schema of an expression."""
        raise NotImplementedError

    def read(self, value: Any) -> Any:
        """What the author wrote: the complete value, or Deferred if it holds expressions. Raises Refused."""
        if value.__class__ is not str and value.__class__ is not list and value.__class__ is not dict:
            return self.complete(value)
        found = tuple(self.find(value))
        if not found:
            return self.complete(value)
        expressions: list[tuple[Route, Expression]] = []
        refusals = list(islice(self.hold_literals(value), MAX_REFUSALS))
        for route, text in found:
            try:
                expressions.append((route, parse(text)))
            except ExpressionError as error:
                refusals.append(refuse_expression(error, route, text, self.options))
                if len(refusals) >= MAX_REFUSALS:
                    break
        if refusals:
            raise refusals[0] if len(refusals) == 1 else Refused("", parts=tuple(refusals))
        return Deferred(self, value, tuple(expressions))

    def hold_literals(self, value: Any) -> Iterator[Refused]:
        """What is wrong with the literals that stand in a list beside expressions."""
        return iter(())

    def refuse(self, value: Any, hint: str | None = None, code: str = "MS205", *, meant: Any = None) -> Refused:
        """The refusal of a value that is not of this kind; `meant` is the one that surely is, if there is one."""
        fix = () if meant is None else (Edit("set", (), meant),)
        return Refused(f"expected {self.words}, got {name_value(value)}", code=code, hint=hint, fix=fix)

    def refuse_as(self, value: Any, other: Refused) -> Refused:
        """The refusal of a value that a kind inside of this one has refused."""
        refused = self.refuse(value, other.hint, other.code)
        refused.fix = other.fix
        return refused


def refuse_expression(error: ExpressionError, route: Route, text: str, options: tuple[str, ...]) -> Refused:
    """An expression's error as a refusal; where the field has words of its own, one of them may be meant."""
    hint = error.hint
    fix: tuple[Edit, ...] = ()
    if options and text.isidentifier():
        near = find_near(text, options)
        hint = f"did you mean '{near}'?" if near else f"one of: {', '.join(options)}, or an expression"
        if near is not None and is_sure(text, near, options):
            fix = (Edit("set", route, near),)
    return Refused(error.message, code=error.code, route=route, hint=hint, span=error.span, fix=fix)


def is_sure(word: str, near: str, options: tuple[str, ...]) -> bool:
    """Whether the option that is near is surely meant, and no other can be."""
    from modelspec.spelling import find_meant

    return find_meant(word, options) == near


class Integer(Kind):
    """A whole number within bounds. A boolean is none, nor is 2.0. An unknown size passes: it may be within."""

    def __init__(self, minimum: int | None = None, maximum: int | None = None, words: str | None = None) -> None:
        self.minimum = minimum
        self.maximum = maximum
        if words is None:
            words = "an integer"
            if minimum is not None and maximum is not None:
                words = f"an integer from {minimum} to {maximum}"
            elif minimum == 1:
                words = "a positive integer"
            elif minimum is not None:
                words = f"an integer of at least {minimum}"
        self.words = words

    def complete(self, value: Any) -> Any:
        if value.__class__ is int:
            if (self.minimum is None or value >= self.minimum) and value <= (self.maximum or MAX_VALUE):
                return value
            hint = "no more than 10^30 is reckoned with" if value > MAX_VALUE else None
            raise self.refuse(value, hint, code="MS206")
        if value.__class__ is Unknown:
            return value
        if value.__class__ is float:
            whole = int(value) if abs(value) < 2**53 and value == int(value) else None
            raise self.refuse(value, _offer_whole(value), meant=whole)
        raise self.refuse(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "integer"}
        if self.minimum is not None:
            number["minimum"] = self.minimum
        number["maximum"] = self.maximum or MAX_VALUE
        return {"anyOf": [number, dict(expression)]}


def _offer_whole(value: float) -> str | None:
    if value != value or abs(value) >= 2**53:
        return None
    below = int(value // 1)
    return f"write {below}" if value == below else f"write {below} or {below + 1}"


class Number(Kind):
    """A number within bounds, both inclusive unless `above` (exclusive) is given."""

    def __init__(
        self, minimum: float | None = None, maximum: float | None = None, *, above: float | None = None
    ) -> None:
        self.minimum = minimum
        self.maximum = maximum
        self.above = above
        words = "a number"
        if above is not None:
            words = "a positive number" if above == 0 else f"a number above {above:g}"
            if maximum is not None:
                words += f", at most {maximum:g}"
        elif minimum is not None and maximum is not None:
            words = f"a number from {minimum:g} to {maximum:g}"
        elif minimum is not None:
            words = f"a number of at least {minimum:g}"
        self.words = words

    def complete(self, value: Any) -> Any:
        if value.__class__ is not int and value.__class__ is not float:
            raise self.refuse(value)
        # A NaN is within no bounds, and infinity is no setting.
        within = (
            value == value
            and abs(value) != float("inf")
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.above is None or value > self.above)
        )
        if not within:
            raise self.refuse(value, code="MS206")
        return value

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "number"}
        if self.minimum is not None:
            number["minimum"] = self.minimum
        if self.maximum is not None:
            number["maximum"] = self.maximum
        if self.above is not None:
            number["exclusiveMinimum"] = self.above
        return {"anyOf": [number, dict(expression)]}


class Boolean(Kind):
    """`true` or `false`; never 0, 1, or a word such as `yes`."""

    words = "true or false"

    def complete(self, value: Any) -> Any:
        if value is True or value is False:
            return value
        if value.__class__ is int:
            raise self.refuse(
                value, f"write {'true' if value else 'false'}", meant=bool(value) if value in (0, 1) else None
            )
        raise self.refuse(value)

    def read(self, value: Any) -> Any:
        if isinstance(value, str) and value.lower() in ("yes", "no", "on", "off", "y", "n", "true", "false"):
            word = "true" if value.lower() in ("yes", "on", "y", "true") else "false"
            raise self.refuse(value, f"write {word}", meant=word == "true")
        return super().read(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        # The words that YAML 1.1 takes for booleans are valid names, but here they are surely meant as literals.
        words = "[yY][eE][sS]|[nN][oO]|[oO][nN]|[oO][fF][fF]|[yYnN]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]"
        pattern = rf"^(?!({words})(?![\s\S]))[\s\S]*\S"
        told = {"type": "string", "pattern": pattern, "errorMessage": "Write true or false."}
        return {"anyOf": [{"type": "boolean"}, {"allOf": [dict(expression)], **told}]}


class Literal(Kind):
    """What holds no expressions: a string in it is a string."""

    def find(self, value: Any) -> Iterator[tuple[Route, str]]:
        return iter(())

    def read(self, value: Any) -> Any:
        return self.complete(value)


class Text(Literal):
    """A string, taken as it is."""

    words = "text"

    def complete(self, value: Any) -> Any:
        if isinstance(value, str):
            return value
        raise self.refuse(value, "put quotes around it" if isinstance(value, (int, float)) else None)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "string"}


_FEW = 6
"""Words that a message can list."""
_SHORT = 60
"""Characters of an enumeration that a message can hold."""


class Choice(Literal):
    """One of a few words."""

    def __init__(self, *options: str) -> None:
        self.options = options
        self.words = "one of " + ", ".join(options) if len(options) > 1 else options[0]

    def complete(self, value: Any) -> Any:
        if value.__class__ is str and value in self.options:
            return value
        if not isinstance(value, str):
            raise self.refuse(value)
        near = find_near(value, self.options)
        sure = near is not None and is_sure(value, near, self.options)
        hint = f"did you mean '{near}'?" if near else None
        raise self.refuse(value, hint, code="MS206", meant=near if sure else None)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        if len(self.options) <= _FEW:
            return {"enum": list(self.options)}
        # An editor would list them all in its message.
        words = self.words if len(self.words) <= _SHORT else f"one of {', '.join(self.options[:3])}, …"
        return {"enum": list(self.options), "errorMessage": f"Expected {words}."}


class Words(Kind):
    """A few words of its own, or else another kind: `padding: same` or `padding: 2`."""

    def __init__(self, *options: str, other: Kind) -> None:
        self.options = (*options, *other.options)
        self.own = options
        self.other = other
        self.words = f"{', '.join(options)} or {other.words}"

    def bind(self, owner: type) -> Kind:
        bound = self.other.bind(owner)
        return self if bound is self.other else Words(*self.own, other=bound)

    def find(self, value: Any) -> Iterator[tuple[Route, str]]:
        return iter(()) if value.__class__ is str and value in self.own else self.other.find(value)

    def complete(self, value: Any) -> Any:
        if value.__class__ is str and value in self.own:
            return value
        try:
            return self.other.complete(value)
        except Refused as refused:
            if refused.route or refused.parts:
                raise
            raise self.refuse_as(value, refused) from None

    def read(self, value: Any) -> Any:
        if value.__class__ is str and value in self.own:
            return value
        try:
            read = self.other.read(value)
        except Refused as refused:
            if refused.route or refused.parts or refused.span is not None:
                raise
            raise self.refuse_as(value, refused) from None
        return Deferred(self, read.raw, read.expressions) if isinstance(read, Deferred) else read

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(self.own)}, *_alternatives(self.other.schema(expression))]}


class Optional(Kind):
    """Another kind, or `null`: the framework's None."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.options = kind.options
        self.words = f"{kind.words} or null"

    def bind(self, owner: type) -> Kind:
        bound = self.kind.bind(owner)
        return self if bound is self.kind else Optional(bound)

    def find(self, value: Any) -> Iterator[tuple[Route, str]]:
        return self.kind.find(value)

    def complete(self, value: Any) -> Any:
        return None if value is None else self.kind.complete(value)

    def read(self, value: Any) -> Any:
        if value is None:
            return None
        read = self.kind.read(value)
        if isinstance(read, Deferred) and read.kind is self.kind:
            return Deferred(self, read.raw, read.expressions)
        return read

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"anyOf": [*_alternatives(self.kind.schema(expression)), {"type": "null"}]}


class _Members(Kind):
    """A list of one kind. `28x28` and `(3, 3)` are how people write one elsewhere, and no expressions."""

    item: Kind

    def read(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) <= 60:
            bare = value.replace(" ", "").strip("()[]").lower()
            members = bare.replace("×", ",").replace("x", ",").split(",")
            if len(members) > 1 and all(member.isdecimal() for member in members if member):
                meant = [int(member) for member in members if member]
                raise self.refuse(value, f"write [{', '.join(filter(None, members))}]", meant=meant)
        return super().read(value)

    def find(self, value: Any) -> Iterator[tuple[Route, str]]:
        if isinstance(value, list):
            for index, member in enumerate(value):
                for route, text in self.item.find(member):
                    yield (index, *route), text
        elif isinstance(value, str):
            yield (), value

    def hold_literals(self, value: Any) -> Iterator[Refused]:
        if isinstance(value, list):
            for index, member in enumerate(value):
                if next(self.item.find(member), None) is None:
                    try:
                        self.item.complete(member)
                    except Refused as refused:
                        yield refused.under(index)


class ListOf(_Members):
    """A list of one kind, as a tuple. With `single`, one value stands for a list of it alone."""

    def __init__(
        self,
        item: Kind,
        *,
        minimum: int = 0,
        maximum: int | None = None,
        single: bool = False,
        words: str | None = None,
    ) -> None:
        self.item = item
        self.minimum = minimum
        self.maximum = maximum
        self.single = single
        self.words = words or (f"{item.words} or a list of such" if single else f"a list, each {item.words}")

    def complete(self, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            if not self.single:
                raise self.refuse(value)
            return (self.item.complete(value),)
        if len(value) < self.minimum:
            raise self.refuse(value, code="MS206")
        if self.maximum is not None and len(value) > self.maximum:
            raise self.refuse(value, f"at most {self.maximum} are allowed", code="MS206")
        return _complete_members(self.item, value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        item = self.item.schema(expression)
        array: dict[str, Any] = {"type": "array", "items": item}
        if self.minimum:
            array["minItems"] = self.minimum
        if self.maximum is not None:
            array["maxItems"] = self.maximum
        rest = _alternatives(item) if self.single else [dict(expression)]
        return {"anyOf": [array, *rest]}


class PerAxis(_Members):
    """One value for every spatial axis, or a list with one for each: a tuple as long as the class's `rank`."""

    def __init__(self, item: Kind, rank: int | None = None) -> None:
        self.item = item
        self.rank = rank
        several = "a list of one" if rank == 1 else f"a list of {rank} such"
        self.words = f"{item.words} or {several}" if rank else item.words

    def bind(self, owner: type) -> Kind:
        rank: int = getattr(owner, "rank")  # noqa: B009 - only classes with spatial axes have it
        return PerAxis(self.item, rank)

    def complete(self, value: Any) -> Any:
        assert self.rank is not None
        if value is None:
            # As a member it may stand for one axis (torch's AdaptiveAvgPool2d); bare it stands for nothing.
            raise self.refuse(value, f"give one value, or a list of {self.rank}")
        if not isinstance(value, (list, tuple)):
            try:
                return (self.item.complete(value),) * self.rank
            except Refused as refused:
                raise self.refuse_as(value, refused) from None
        if len(value) != self.rank:
            raise self.refuse(value, f"give one value, or {self.rank}", code="MS206")
        return _complete_members(self.item, value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        item = self.item.schema(expression)
        array = {"type": "array", "items": item, "minItems": self.rank, "maxItems": self.rank}
        single = [each for each in _alternatives(item) if each != {"type": "null"}]
        return {"anyOf": [*single, array]}


class Named(Kind):
    """A mapping of names to values of one kind."""

    def __init__(self, item: Kind, words: str) -> None:
        self.item = item
        self.words = words

    def find(self, value: Any) -> Iterator[tuple[Route, str]]:
        if isinstance(value, Mapping):
            for name, member in value.items():
                for route, text in self.item.find(member):
                    yield (name, *route), text

    def hold_literals(self, value: Any) -> Iterator[Refused]:
        for name, member in value.items():
            if next(self.item.find(member), None) is None:
                try:
                    self.item.complete(member)
                except Refused as refused:
                    yield refused.under(name)

    def complete(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise self.refuse(value)
        members, refusals = {}, []
        for name, member in value.items():
            try:
                members[name] = self.item.complete(member)
            except Refused as refused:
                refusals.append(refused.under(name))
        if refusals:
            raise refusals[0] if len(refusals) == 1 else Refused("", parts=tuple(refusals))
        return members

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.item.schema(expression)}


class AnyValue(Literal):
    """Whatever stands there: what bears on no shape and no count, and has no fixed form."""

    words = "any value"

    def complete(self, value: Any) -> Any:
        return value

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {}


def _complete_members(item: Kind, values: Iterable[Any]) -> tuple[Any, ...]:
    members, refusals = [], []
    for index, member in enumerate(values):
        try:
            members.append(item.complete(member))
        except Refused as refused:
            refusals.append(refused.under(index))
    if refusals:
        raise refusals[0] if len(refusals) == 1 else Refused("", parts=tuple(refusals))
    return tuple(members)


def _alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return list(schema["anyOf"]) if set(schema) == {"anyOf"} else [schema]
