"""The spec: what a document says, ready to be resolved.

The Pydantic models in `schema` are the authority on what a document may say. A valid document is recognised here
without them, by the same kinds of values, for importing Pydantic takes longer than all the rest of a check; whatever is
not recognised goes through the models, and they say what is wrong with it. What is wrong is left out of the spec
(`SPOILT`), so that the rest can still be resolved and its own mistakes be found in the same run.
"""

from __future__ import annotations

from collections.abc import Mapping
from marshal import dumps
from typing import Any, Final

from modelspec import catalogue
from modelspec.diagnostics import Finding, Route, Where
from modelspec.dtype import is_float
from modelspec.expressions import BUILTINS
from modelspec.fitting import Written
from modelspec.kinds import Deferred, Kind
from modelspec.language import (
    BUDGET_KINDS,
    DIALECT,
    DTYPE,
    ENTRY_KEYS,
    FLAG,
    MAX_LAYERS,
    NAME,
    SHAPE,
    TEXT,
    TOP_KEYS,
    VARIABLE,
    VERSION,
)
from modelspec.layer import Layer, fields_of, keeps_shape
from modelspec.limit import LAYER_METRICS, METRICS, Limit
from modelspec.refusal import Refused, name_value
from modelspec.source import MARK, Document

__all__ = ["PASSING", "SPOILT", "Budget", "Entry", "Input", "Spec", "Spoilt", "read"]


class Spoilt:
    """What stands in the place of a part of the document that has been found wrong."""


SPOILT: Final = Spoilt()
PASSING: Final = Spoilt()
"""A wrong entry whose layer passes the shape of what arrives on, whatever its arguments are."""


class Entry:
    """A layer as written: its class, its literal arguments, and those that wait for expressions.

    Entries that say the same are one object within a run, and `memo` keeps what they resolved to on which input.
    """

    __slots__ = ("deferred", "dtype", "given", "layer", "memo", "names", "trainable")

    def __init__(
        self,
        layer: type[Layer],
        given: dict[str, Any],
        deferred: tuple[tuple[tuple[str, ...], Deferred], ...],
        trainable: bool,
        dtype: str | None,
    ) -> None:
        self.layer = layer
        self.given = given
        self.deferred = deferred
        self.trainable = trainable
        self.dtype = dtype
        self.names = frozenset(
            [name for _, waiting in deferred for _, expression in waiting.expressions for name in expression.names]
        )
        self.memo: dict[Any, Any] = {}


class Input:
    """The model's input: the shape of one sample, and its dtype if that is stated."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Any, dtype: str | None) -> None:
        self.shape = shape
        self.dtype = dtype


class Budget:
    """Limits by metric for the whole model, and by path pattern for its layers (`each`: each on its own)."""

    __slots__ = ("layers", "model")

    def __init__(self, model: dict[str, Limit], layers: dict[str, tuple[dict[str, Limit], bool]]) -> None:
        self.model = model
        self.layers = layers


class Spec:
    """One document. A part that is wrong is `SPOILT`."""

    __slots__ = (
        "activation_dtype",
        "budget",
        "dialect",
        "document",
        "dtype",
        "entries",
        "input",
        "name",
        "names",
        "variables",
    )

    def __init__(self, document: Document) -> None:
        self.document = document
        self.name: str | None = None
        self.dialect = "torch"
        self.dtype = "float32"
        self.activation_dtype = "float32"
        self.variables: dict[str, Any] = {}
        self.input: Input | Spoilt = SPOILT
        self.entries: list[Entry | Spoilt] = []
        self.names: list[str | Spoilt | None] = []
        self.budget: Budget | None = None


_Named = tuple[Entry | Spoilt, str | Spoilt | None]
_ENTRIES: dict[tuple[str, str, str], dict[Any, _Named]] = {}
"""The entries of this run, by what bears on them (dialect and dtypes), then by what they say."""


MAX_EXPRESSIONS = 100_000
"""Characters of the distinct expressions of a document: parsing them takes half a second."""


def read(document: Document) -> tuple[Spec | None, list[Finding]]:
    """The spec that a document holds, as far as it is right, and what is wrong with it.

    None when the document is no spec at all, or one of a version that this tool does not speak.
    """
    tree = document.tree
    if not isinstance(tree, dict) or MARK not in tree or tree[MARK].__class__ is not int or tree[MARK] != VERSION:
        return None, [_refuse_version(tree)]
    reader = _Reader(document, tree)
    try:
        spec = reader.read()
    except _Beyond as beyond:
        return None, [beyond.finding]
    if reader.sure:
        return spec, []
    from modelspec import schema

    findings = schema.check(tree)
    if not findings:
        raise AssertionError("a document that the schema accepts was not recognised")
    return spec, findings


def _refuse_version(tree: Any) -> Finding:
    if not isinstance(tree, dict):
        message = f"expected a spec (a mapping with the key '{MARK}'), got {_name_kind(tree)}"
        return Finding("MS201", message, Where(()), f"a spec begins with '{MARK}: {VERSION}'")
    if MARK not in tree:
        message = f"the key '{MARK}' is missing, so this file is not a spec"
        return Finding("MS201", message, Where(()), f"begin the file with '{MARK}: {VERSION}'")
    message = f"version {name_value(tree[MARK])} of the language is not known"
    return Finding("MS202", message, Where((MARK,)), f"this tool speaks version {VERSION}: write '{MARK}: {VERSION}'")


def _name_kind(tree: Any) -> str:
    return "a list" if isinstance(tree, list) else "a single value"


class _Beyond(Exception):
    """The document is beyond a bound, so that it is not read to its end."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _Reader:
    """Reads a tree without a word: what it does not recognise, it leaves to the schema (`sure` is then False)."""

    def __init__(self, document: Document, tree: dict[str, Any]) -> None:
        self.tree = tree
        self.spec = Spec(document)
        self.sure = True
        self.expressions: set[str] = set()
        self.characters = 0

    def read(self) -> Spec:
        spec, tree = self.spec, self.tree
        for key in tree:
            if key not in TOP_KEYS:
                self.sure = False
        spec.name = self._take(tree, "name", TEXT, None)
        if "description" in tree:
            self._value(TEXT, tree["description"])
        spec.dialect = self._take(tree, "dialect", DIALECT, "torch")
        spec.dtype = self._take(tree, "dtype", DTYPE, "float32")
        flowing = spec.dtype if is_float(spec.dtype) else "float32"
        spec.activation_dtype = self._take(tree, "activation_dtype", DTYPE, flowing)
        self._read_variables(tree.get("variables", {}))
        self._read_input(tree.get("input", SPOILT))
        self._read_layers(tree.get("layers", SPOILT))
        if "budget" in tree:
            spec.budget = self._read_budget(tree["budget"])
        return spec

    def _take(self, mapping: Mapping[str, Any], key: str, kind: Kind, default: Any) -> Any:
        if key not in mapping:
            return default
        value = self._value(kind, mapping[key])
        return default if value is SPOILT else value

    def _value(self, kind: Kind, value: Any) -> Any:
        try:
            return kind.read(value)
        except Refused:
            self.sure = False
            return SPOILT

    def _count(self, deferred: Deferred, route: Route) -> None:
        """Hold the length of all distinct expressions against the bound."""
        for _, expression in deferred.expressions:
            if expression.text not in self.expressions:
                self.expressions.add(expression.text)
                self.characters += len(expression.text)
        if self.characters > MAX_EXPRESSIONS:
            message = f"the expressions of this document have more than {MAX_EXPRESSIONS:,} characters, the bound"
            hint = "compute what they have in common in variables"
            raise _Beyond(Finding("MS404", message, Where(route), hint))

    def _read_variables(self, variables: Any) -> None:
        if not isinstance(variables, dict):
            self.sure = False
            return
        for name, value in variables.items():
            read = self.spec.variables[name] = self._value(VARIABLE, value)
            if read.__class__ is Deferred:
                self._count(read, ("variables", name))
            if not name.isidentifier() or name in BUILTINS:
                self.sure = False

    def _read_input(self, value: Any) -> None:
        dtype = None
        if isinstance(value, dict):
            if "shape" not in value or not value.keys() <= {"shape", "dtype"}:
                self.sure = False
            dtype = self._take(value, "dtype", DTYPE, None)
            value = value.get("shape", SPOILT)
        if value is SPOILT:
            self.sure = False
            return
        shape = self._value(SHAPE, value)
        if shape is not SPOILT:
            self.spec.input = Input(shape, dtype)

    def _read_layers(self, layers: Any) -> None:
        if not isinstance(layers, list) or not layers:
            self.sure = False
            return
        spec = self.spec
        known = _ENTRIES.setdefault((spec.dialect, spec.dtype, spec.activation_dtype), {})
        entries = spec.entries
        if len(layers) > MAX_LAYERS:
            self.sure = False
            return
        if "dialect" in self.tree and self.tree["dialect"] != spec.dialect:
            # In which dialect the layers are written is not known, so nothing is said of them.
            entries.extend([SPOILT] * len(layers))
            spec.names.extend([None] * len(layers))
            return
        if len(known) > MAX_LAYERS:
            known.clear()
        for value in layers:
            # Marshalled bytes tell 1 from 1.0 and from true, which a tuple of the values would not.
            key: Any = value if value.__class__ is str else dumps(value, 2)
            found = known.get(key)
            if found is None:
                found = self._read_layer(value, known)
                if SPOILT not in found and PASSING not in found:
                    known[key] = found
            entry, name = found
            if isinstance(entry, Entry) and entry.deferred:
                for _, deferred in entry.deferred:
                    self._count(deferred, ("layers", len(entries)))
            entries.append(entry)
            spec.names.append(name)

    def _read_layer(self, value: Any, known: dict[Any, _Named]) -> _Named:
        """An entry and its name. A name bears on nothing but the path: what differs in it alone is one entry."""
        name = None
        if isinstance(value, dict) and "name" in value:
            value = value.copy()
            name = self._value(NAME, value.pop("name"))
            found = known.get(dumps(value, 2))
            if found is not None:
                return found[0], name
        entry = read_entry(self.spec.dialect, value)
        if entry is None:
            self.sure = False
            return _spoil(self.spec.dialect, value), name
        if name is not None:
            known[dumps(value, 2)] = entry, None
        return entry, name

    def _read_budget(self, value: Any) -> Budget | None:
        if not isinstance(value, dict):
            self.sure = False
            return None
        model = self._read_limits(value, METRICS, ("layers",))
        layers: dict[str, tuple[dict[str, Limit], bool]] = {}
        patterns = value.get("layers", {})
        if not isinstance(patterns, dict):
            self.sure = False
            return Budget(model, layers)
        for pattern, limits in patterns.items():
            if not isinstance(limits, dict) or not limits.keys() - {"each"}:
                self.sure = False
                continue
            each = self._take(limits, "each", FLAG, False)
            layers[pattern] = (self._read_limits(limits, LAYER_METRICS, ("each",)), each)
        return Budget(model, layers)

    def _read_limits(
        self, value: Mapping[str, Any], metrics: tuple[str, ...], others: tuple[str, ...]
    ) -> dict[str, Limit]:
        limits = {}
        for key, limit in value.items():
            if key in metrics:
                read = self._value(BUDGET_KINDS[key], limit)
                if read is not SPOILT:
                    limits[key] = read
            elif key not in others:
                self.sure = False
        return limits


def _spoil(dialect: str, value: Any) -> Spoilt:
    name = value.get("type") if isinstance(value, dict) else value
    layer = catalogue.find(dialect, name) if isinstance(name, str) else None
    return PASSING if layer is not None and keeps_shape(layer) else SPOILT


def read_entry(dialect: str, value: Any, inside: bool = False) -> Entry | None:
    """An entry of `layers`, or (`inside`) the layer of a wrapper; None if anything is wrong with it."""
    if value.__class__ is str:
        value = {"type": value}
    elif not isinstance(value, dict):
        return None
    name = value.get("type")
    layer = catalogue.find(dialect, name) if name.__class__ is str else None
    if layer is None:
        return None
    fields = fields_of(layer)
    given: dict[str, Any] = {}
    deferred: list[tuple[tuple[str, ...], Deferred]] = []
    try:
        for key, written in value.items():
            field = fields.get(key)
            if field is None or field.way == "built":
                if key not in ENTRY_KEYS or (inside and key not in ("type", "name")):
                    return None
            elif field.way == "wrapped" and written is None and not field.required:
                given[key] = None
            elif field.way == "wrapped":
                inner = read_entry(dialect, written, inside=True)
                if inner is None:
                    return None
                given[key] = Written(inner.layer, inner.given)
                deferred.extend([((key, *route), waiting) for route, waiting in inner.deferred])
            else:
                read = field.kind.read(written)
                given[key] = read
                if read.__class__ is Deferred:
                    deferred.append(((key,), read))
        if "name" in value:
            NAME.read(value["name"])
        trainable = FLAG.read(value.get("trainable", True))
        dtype = DTYPE.read(value["dtype"]) if "dtype" in value else None
    except Refused:
        return None
    for field in fields.values():
        if field.required and field.name not in given:
            return None
    return Entry(layer, given, tuple(deferred), trainable, dtype)
