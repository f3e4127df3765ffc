"""Closed mappings: Pydantic models that convert no value and pass over no key, and what is wrong, one for each mistake.

Values are read by the same kinds as on the fast way in `spec`. Where the author chooses the keys, a mapping is `Open`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from modelspec.diagnostics import Edit, Route
from modelspec.kinds import Kind, put
from modelspec.refusal import Refused, name_value
from modelspec.slips import cut_in_list, cut_in_mapping, hint_value, join_names, mean_value, nearest, show_name
from modelspec.source import MAX_FAULTS
from modelspec.spelling import find_meant

__all__ = [
    "EXPRESSION",
    "KEY",
    "SHARED",
    "Checked",
    "Closed",
    "Open",
    "Part",
    "read_value",
    "refuse_key",
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
_Mean = Callable[[Any], Any]


class Closed(BaseModel):
    """A mapping with known keys and no others."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Checked:
    """Pydantic's annotation for a kind: `Annotated[int, Checked(Integer(1))]`.

    `default` is the way out where the kind itself tells none; `hint` gives it from the value that is wrong, and `mean`
    what is meant by that (None where nobody can tell).
    """

    def __init__(
        self, kind: Kind, default: str | None = None, hint: _Hint = hint_value, mean: _Mean = mean_value
    ) -> None:
        self.kind = kind
        self.default = default
        self.hint = hint
        self.mean = mean

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.kind.schema(EXPRESSION)

    def read(self, value: Any) -> Any:
        """Read a value as written. Raises Refused."""
        return read_value(self.kind, value, self.default, self.hint, self.mean)


def read_value(
    kind: Kind, value: Any, default: str | None = None, hint: _Hint = hint_value, mean: _Mean = mean_value
) -> Any:
    """Read a value by its kind; see `Checked`. Raises Refused."""
    try:
        return kind.read(value)
    except Refused as refused:
        told = islice(_find_cut(value, refused).each(), MAX_FAULTS)
        parts = [_with_fix(_with_hint(part, value, default, hint), value, kind, mean) for part in told]
        raise Refused("", parts=tuple(parts)) from None


def _find_cut(value: Any, refused: Refused) -> Refused:
    """The same refusal, but where YAML has cut an expression at its commas: then that is what is told."""
    if not isinstance(value, Mapping):
        return cut_in_list(value, refused)
    found = cut_in_mapping(value, [name for name, member in value.items() if member is None])
    if found is None:
        return refused
    rest = [part for part in refused.each() if not part.route or part.route[0] not in found[1]]
    return Refused("", parts=(found[0], *rest))


def _with_hint(part: Refused, value: Any, default: str | None, hint: _Hint) -> Refused:
    for step in part.route:
        value = value[step] if isinstance(value, Mapping) or isinstance(step, int) else value
    # In an expression the place says more than what the field takes.
    known = part.hint if part.hint or part.code.startswith("MS4") else default
    return Refused(
        part.message, code=part.code, route=part.route, hint=hint(value, known), span=part.span, fix=part.fix
    )


def _with_fix(part: Refused, value: Any, kind: Kind, mean: _Mean) -> Refused:
    """The same refusal, with what is meant, if the kind takes that."""
    whole = value
    for step in part.route:
        value = value[step] if isinstance(value, Mapping) or isinstance(step, int) else value
    meant = None if part.fix else mean(value)
    if meant is not None:
        try:
            kind.read(put(whole, part.route, meant))
        except (Refused, LookupError):
            return part
        part.fix = (Edit("set", part.route, meant),)
    return part


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


class Open:
    """Pydantic's annotation for a mapping whose keys the author chooses: `words` say of what, `example` is one of it.

    Subclasses judge each key and its value, and give the JSON Schema. With `filled` an empty mapping is refused.
    """

    def __init__(self, words: str, example: str, *, filled: bool = True) -> None:
        self.words = words
        self.example = example
        self.filled = filled

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "object", **({"minProperties": 1} if self.filled else {}), **self.schema()}

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the keys and the values."""
        raise NotImplementedError

    def hold_key(self, name: str, value: Mapping[str, Any]) -> None:
        """Hold a key against what it may be. Raises Refused, with a route that begins with the key."""

    def hold_value(self, name: str, value: Any) -> None:
        """Hold the value under a key against what it may be. Raises Refused."""
        raise NotImplementedError

    def find_cut(self, value: Mapping[str, Any]) -> tuple[Refused, set[str]] | None:
        """What YAML has cut at its commas, and the keys that it became."""
        return None

    def hint(self, value: Any) -> str:
        """The way out for what is no mapping."""
        return f"write `{self.example}` under it"

    def check(self, value: Any) -> Any:
        """Hold the whole mapping against it. Raises Refused, with a part for each mistake."""
        if not isinstance(value, Mapping):
            raise Refused(f"expected {self.words}, got {name_value(value)}", hint=self.hint(value))
        if not value and self.filled:
            message = f"expected {self.words}, got an empty mapping"
            raise Refused(message, code="MS206", hint=f"{self.hint(value)}, or leave it out")
        refusals: list[Refused] = []
        cut = self.find_cut(value)
        gone: set[str] = set()
        if cut is not None:
            refusals.append(cut[0])
            gone = cut[1]
        for name, member in value.items():
            if name in gone:
                continue
            if len(refusals) >= MAX_FAULTS:
                break
            try:
                self.hold_key(name, value)
            except Refused as refused:
                refusals.append(refused)
            try:
                self.hold_value(name, member)
            except Refused as refused:
                refusals.append(refused.under(name))
        if refusals:
            raise Refused("", parts=tuple(refusals))
        return value


def validate(
    model: type[BaseModel],
    value: Any,
    *,
    example: str = "key: value",
    hints: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
) -> None:
    """Hold a value against a model. Raises Refused, with a part for each mistake.

    `example` is of what the mapping may hold; `hints` are ways out by the key that is missing or not known; `missing`
    are keys that are due in this case, though not always.
    """
    if not isinstance(value, Mapping):
        raise Refused(f"expected a mapping, got {name_value(value)}", hint=f"write `{example}` under it")
    value = _shorten(model, value)
    problems: list[Any] = []
    try:
        model.model_validate(value)
    except ValidationError as error:
        problems += error.errors(include_url=False)
    problems += [{"type": "missing", "loc": (name,)} for name in missing]
    if problems:
        raise Refused("", parts=tuple(_explain(problems, value, _list_keys(model), hints or {})))


def _list_keys(model: type[BaseModel]) -> list[str]:
    """The keys of a model, its own before those that it shares with others."""
    shared = {name for base in model.__bases__ if issubclass(base, BaseModel) for name in base.model_fields}
    return sorted(model.model_fields, key=shared.__contains__)


def _shorten(model: type[BaseModel], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out all unknown keys but the first `MAX_FAULTS`: more are not told."""
    if len(value) <= MAX_FAULTS:
        return value
    known = {key: member for key, member in value.items() if key in model.model_fields}
    strange = islice((key for key in value if key not in known), MAX_FAULTS)
    return {**known, **{key: value[key] for key in strange}}


def _explain(
    problems: list[Any], value: Mapping[str, Any], keys: list[str], hints: Mapping[str, str]
) -> Iterator[Refused]:
    """Pydantic's errors in our words: one for each mistake."""
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
        if name in hints and (near is None or near in value or near in meant):
            yield refuse_key(name, hints[name])
        elif near is None:
            unlike.append(name)
        elif near in value or near in meant:
            yield refuse_key(name, f"'{near}' is given already: leave one of them out")
        else:
            meant.add(near)
            yield refuse_key(name, f"did you mean '{near}'?", near if find_meant(name, keys) == near else None)
    missing = [name for name in missing if name not in meant]
    if len(unlike) == len(missing) == 1:
        (name,), (needed,) = unlike, missing
        hint = f"if it is '{needed}' that is meant, call it so"
        yield Refused(
            f"unknown key {show_name(name)}, and '{needed}' is missing", code="MS203", route=(name, KEY), hint=hint
        )
        return
    for name in unlike:
        yield refuse_key(name, _list_known([key for key in keys if key not in value]))
    if missing:
        ways = [hints[name] for name in missing if name in hints]
        plain = ", ".join(f"{name}: …" for name in missing if name not in hints)
        if plain:
            ways.append(f"add `{plain}`")
        message = f"{join_names(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        yield Refused(message, code="MS204", hint="; ".join(ways))


def refuse_key(name: str, hint: str, meant: str | None = None) -> Refused:
    """The refusal of a key that is not known where it stands; `meant` is the one that surely is."""
    fix = () if meant is None else (Edit("rename", (name,), meant),)
    return Refused(f"unknown key {show_name(name)}", code="MS203", route=(name, KEY), hint=hint, fix=fix)


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
