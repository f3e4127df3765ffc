"""Closed mappings: Pydantic models that convert no value and pass over no key, and what is wrong, one for each mistake.

Values are read by the same kinds as on the fast way in `spec`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from modelspec.diagnostics import Route
from modelspec.kinds import Kind
from modelspec.refusal import Refused, name_value
from modelspec.slips import cut_in_list, cut_in_mapping, hint_value, join_names, nearest, show_name
from modelspec.source import MAX_FAULTS

__all__ = [
    "EXPRESSION",
    "KEY",
    "SHARED",
    "Checked",
    "Closed",
    "Later",
    "Part",
    "read_value",
    "refuse_later",
    "validate",
]

SHARED = "x-definition"
"""The key of what stands for a definition by its name. Pydantic follows every `$ref`, so `json_schema` puts them in."""
EXPRESSION = {SHARED: "expression"}

KEY = "\0key"
"""The last step of a route that means the key itself, not its value."""

_NAMED_KEYS = 12
"""How many known keys a hint lists."""

_Hint = Callable[[Any, str | None], str | None]
_STANDS_FOR = {"inputs": ("input",), "blocks": ("input", "layers")}
"""What a file need not have that has one of these."""


class Closed(BaseModel):
    """A mapping with known keys and no others."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Checked:
    """Pydantic's annotation for a kind: `Annotated[int, Checked(Integer(1))]`.

    `default` is the way out where the kind itself tells none; `hint` gives it from the value that is wrong.
    """

    def __init__(self, kind: Kind, default: str | None = None, hint: _Hint = hint_value) -> None:
        self.kind = kind
        self.default = default
        self.hint = hint

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.kind.schema(EXPRESSION)

    def read(self, value: Any) -> Any:
        """Read a value as written. Raises Refused."""
        return read_value(self.kind, value, self.default, self.hint)


def read_value(kind: Kind, value: Any, default: str | None = None, hint: _Hint = hint_value) -> Any:
    """Read a value by its kind; see `Checked`. Raises Refused."""
    try:
        return kind.read(value)
    except Refused as refused:
        told = islice(cut_in_list(value, refused).each(), MAX_FAULTS)
        parts = [_with_hint(part, value, default, hint) for part in told]
        raise Refused("", parts=tuple(parts)) from None


def _with_hint(part: Refused, value: Any, default: str | None, hint: _Hint) -> Refused:
    for step in part.route:
        value = value[step] if isinstance(value, Mapping) or isinstance(step, int) else value
    # In an expression the place says more than what the field takes.
    known = part.hint if part.hint or part.code.startswith("MS4") else default
    return Refused(part.message, code=part.code, route=part.route, hint=hint(value, known), span=part.span)


class Later:
    """A key that the language has and this version of the tool does not read; `hint` is how to do without it."""

    def __init__(self, hint: str) -> None:
        self.hint = hint

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._refuse)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"not": {}}

    def _refuse(self, value: Any, info: ValidationInfo) -> Any:
        raise refuse_later(str(info.field_name), (KEY,), self.hint)


def refuse_later(word: str, route: Route, hint: str) -> Refused:
    """The refusal of a word that only a later version of the tool reads."""
    message = f"'{word}' is part of the language, but this version of modelspec does not read it yet"
    return Refused(message, code="MS208", route=route, hint=hint)


class Part:
    """Pydantic's annotation for a mapping inside of a mapping; `name` is that of its definition."""

    def __init__(self, model: type[BaseModel], name: str, example: str) -> None:
        self.model = model
        self.name = name
        self.example = example

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {SHARED: self.name}

    def _check(self, value: Any) -> Any:
        validate(self.model, value, example=self.example)
        return value


def validate(
    model: type[BaseModel],
    value: Any,
    *,
    context: Mapping[str, Any] | None = None,
    example: str = "key: value",
    hints: Mapping[str, str] | None = None,
) -> None:
    """Hold a value against a model. Raises Refused, with a part for each mistake.

    `example` is of what the mapping may hold; `hints` are ways out by the key that is missing or not known.
    """
    if not isinstance(value, Mapping):
        raise Refused(f"expected a mapping, got {name_value(value)}", hint=f"write `{example}` under it")
    value = _shorten(model, value)
    try:
        model.model_validate(value, context=dict(context or {}))
    except ValidationError as error:
        keys = [name for name, field in model.model_fields.items() if not _is_later(field.metadata)]
        raise Refused("", parts=tuple(_explain(error, value, keys, hints or {}))) from None


def _shorten(model: type[BaseModel], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out all unknown keys but the first `MAX_FAULTS`: more are not told."""
    if len(value) <= MAX_FAULTS:
        return value
    known = {key: member for key, member in value.items() if key in model.model_fields}
    strange = islice((key for key in value if key not in known), MAX_FAULTS)
    return {**known, **{key: value[key] for key in strange}}


def _is_later(metadata: Iterable[Any]) -> bool:
    return any(isinstance(extra, Later) for extra in metadata)


def _explain(
    error: ValidationError, value: Mapping[str, Any], keys: list[str], hints: Mapping[str, str]
) -> Iterator[Refused]:
    """Pydantic's errors in our words: one for each mistake."""
    problems = error.errors(include_url=False)
    strange = [str(problem["loc"][0]) for problem in problems if problem["type"] == "extra_forbidden"]
    missing = [str(problem["loc"][0]) for problem in problems if problem["type"] == "missing"]
    cut = cut_in_mapping(value, strange)
    gone: set[str] = set()
    if cut is not None:
        refused, gone = cut
        yield refused
    for problem in problems:
        if problem["loc"][0] not in gone and problem["type"] not in ("extra_forbidden", "missing"):
            yield from _translate(problem)
    for later, others in _STANDS_FOR.items():
        if later in value:
            missing = [name for name in missing if name not in others]
    strange = [name for name in strange if name not in gone][:MAX_FAULTS]
    yield from _explain_keys(strange, missing, value, keys, hints)


def _explain_keys(
    strange: list[str], missing: list[str], value: Mapping[str, Any], keys: list[str], hints: Mapping[str, str]
) -> Iterator[Refused]:
    """Keys that are not known, and keys that are missing: a misspelt one is both, and told once."""
    meant: set[str] = set()
    unlike = []
    for name in strange:
        near = nearest(name, keys)
        if name in hints:
            yield _refuse_key(name, hints[name])
        elif near is None:
            unlike.append(name)
        elif near in value or near in meant:
            yield _refuse_key(name, f"'{near}' is given already: leave one of them out")
        else:
            meant.add(near)
            yield _refuse_key(name, f"did you mean '{near}'?")
    missing = [name for name in missing if name not in meant]
    if len(unlike) == len(missing) == 1:
        (name,), (needed,) = unlike, missing
        hint = f"if it is '{needed}' that is meant, call it so"
        yield Refused(
            f"unknown key {show_name(name)}, and '{needed}' is missing", code="MS203", route=(name, KEY), hint=hint
        )
        return
    for name in unlike:
        yield _refuse_key(name, _list_known([key for key in keys if key not in value]))
    if missing:
        ways = [hints[name] for name in missing if name in hints]
        plain = ", ".join(f"{name}: …" for name in missing if name not in hints)
        if plain:
            ways.append(f"add `{plain}`")
        message = f"{join_names(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        yield Refused(message, code="MS204", hint="; ".join(ways))


def _refuse_key(name: str, hint: str) -> Refused:
    return Refused(f"unknown key {show_name(name)}", code="MS203", route=(name, KEY), hint=hint)


def _list_known(keys: Sequence[str]) -> str:
    if not keys:
        return "leave it out"
    return f"known here: {', '.join(keys[:_NAMED_KEYS])}{', …' if len(keys) > _NAMED_KEYS else ''}"


def _translate(problem: Any) -> Iterator[Refused]:
    route: Route = tuple(problem["loc"])
    inner = problem.get("ctx", {}).get("error")
    if not isinstance(inner, Refused):
        raise AssertionError(f"Pydantic found what no kind has refused: {problem}")
    for part in inner.each():
        for step in reversed(route):
            part = part.under(step)
        yield part
