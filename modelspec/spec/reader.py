"""The quick reader: recognises what a document says, without a word on what is wrong with it.

A document in which every entry is a layer in its turn is read here; what else there is has a reader of its own, in
`structure`, which is loaded when it is met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from marshal import dumps
from typing import Any

from modelspec import catalogue
from modelspec.diagnostics import Finding, Route, Where
from modelspec.dtype import is_float
from modelspec.entry import PASSING, SPOILT, Body, Entry, Spoilt, Step
from modelspec.expressions import BUILTINS
from modelspec.fitting import Written
from modelspec.kinds import Deferred, Kind
from modelspec.language import (
    BUDGET_KINDS,
    CONTAINERS,
    DIALECT,
    DTYPE,
    ENTRY_KEYS,
    FLAG,
    GROWTH_KINDS,
    LAYER_BUDGET_KINDS,
    MAX_LAYERS,
    NAME,
    REFERENCES,
    SHAPE,
    STEP_KEYS,
    TEXT,
    TOP_KEYS,
    VARIABLE,
)
from modelspec.layer import fields_of, keeps_shape
from modelspec.limit import LAYER_METRICS, METRICS, Limit, LimitKind, Share
from modelspec.refusal import Refused
from modelspec.source import Document
from modelspec.spec.model import Budget, Input, Spec
from modelspec.template import Template

__all__ = ["Beyond", "Loader", "NamedEntry", "NotPlain", "Reader", "read_entry"]

Loader = Callable[[Document, str], "Document | Finding"]
"""Gives the document that another imports by a path, or what is wrong with that."""
NamedEntry = tuple[Entry | Step | Spoilt, str | Template | Spoilt | None]
ENTRIES: dict[tuple[str, str, str], dict[Any, NamedEntry]] = {}
"""The entries of this run, by what bears on them (dialect and dtypes), then by what they say."""

MAX_EXPRESSIONS = 100_000
"""Characters of the distinct expressions of a document: parsing them takes half a second."""
BEYOND = frozenset({*STEP_KEYS, "block", "with", "share"})
"""Keys that make an entry more than a layer in its turn."""


class NotPlain(Exception):
    """There is an entry that is more than a layer in its turn."""


class Beyond(Exception):
    """The document is beyond a bound, so that it is not read to its end."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class Reader:
    """Reads a tree without a word: what it does not recognise, it leaves to the schema (`sure` is then False).

    What a schema cannot tell, such as a block that is not there, is in `findings`.
    """

    def __init__(
        self,
        document: Document,
        tree: dict[str, Any],
        load: Loader | None = None,
        file: str = "",
    ) -> None:
        self.tree = tree
        self.spec = Spec(document)
        self.sure = True
        self.flawed = False
        """Whether anything inside of a container or a block was not recognised."""
        self.blind = False
        """Whether some blocks that are declared could not be read, so that none is known to be missing."""
        self.findings: list[Finding] = []
        self.expressions: set[str] = set()
        self.characters = 0
        self.load = load
        self.file = file
        self.total = 0
        self.depth = 0
        self.known: dict[Any, NamedEntry] = {}
        self.dtypes = ("float32", "float32")
        """Of the weights and of what flows in the model that is read."""

    def read(self) -> Spec:
        """The whole document."""
        spec, tree = self.spec, self.tree
        for key in tree:
            if key not in TOP_KEYS:
                self.sure = False
        spec.name = self.take(tree, "name", TEXT, None)
        if "description" in tree:
            self.value(TEXT, tree["description"])
        self.read_settings()
        spec.variables = self.read_variables(tree.get("variables", {}), ("variables",))
        self.read_blocks(tree)
        if "layers" in tree or "blocks" not in tree:
            self.read_inputs(tree)
            self.read_layers(tree.get("layers", SPOILT))
        elif not tree.keys().isdisjoint({"input", "inputs", "outputs", "variants", "budget"}):
            self.sure = False
        if "outputs" in tree:
            spec.outputs = self.value(REFERENCES, tree["outputs"])
            spec.refers = True
        if "budget" in tree:
            spec.budget = self.read_budget(tree["budget"], ("budget",))
        if "variants" in tree:
            self.read_variants(tree["variants"])
        return spec

    def read_settings(self) -> None:
        spec, tree = self.spec, self.tree
        spec.dialect = self.take(tree, "dialect", DIALECT, "torch")
        spec.dtype = self.take(tree, "dtype", DTYPE, "float32")
        flowing = spec.dtype if is_float(spec.dtype) else "float32"
        spec.activation_dtype = self.take(tree, "activation_dtype", DTYPE, flowing)
        self.remember(spec.dtype, spec.activation_dtype)

    def remember(self, dtype: str, activation_dtype: str) -> None:
        """Set what is known to the entries that are resolved with these dtypes: each keeps what it resolved to."""
        self.dtypes = (dtype, activation_dtype)
        self.known = ENTRIES.setdefault((self.spec.dialect, dtype, activation_dtype), {})
        if len(self.known) > MAX_LAYERS:
            self.known.clear()

    def take(self, mapping: Mapping[str, Any], key: str, kind: Kind, default: Any) -> Any:
        if key not in mapping:
            return default
        value = self.value(kind, mapping[key])
        return default if value is SPOILT else value

    def value(self, kind: Kind, value: Any) -> Any:
        try:
            return kind.read(value)
        except Refused:
            self.sure = False
            return SPOILT

    def expression(self, kind: Kind, value: Any, route: Route) -> Any:
        """A value that may hold expressions, which are counted."""
        read = self.value(kind, value)
        if read.__class__ is Deferred:
            self.count(read, route)
        return read

    def count(self, deferred: Deferred, route: Route) -> None:
        """Hold the length of all distinct expressions against the bound."""
        for _, expression in deferred.expressions:
            if expression.text not in self.expressions:
                self.expressions.add(expression.text)
                self.characters += len(expression.text)
        if self.characters > MAX_EXPRESSIONS:
            message = f"the expressions of this document have more than {MAX_EXPRESSIONS:,} characters, the bound"
            hint = "compute what they have in common in variables"
            raise Beyond(Finding("MS404", message, Where(route, file=self.file), hint))

    def read_variables(self, variables: Any, route: Route) -> dict[str, Any]:
        read: dict[str, Any] = {}
        if not isinstance(variables, dict):
            self.sure = False
            return read
        for name, value in variables.items():
            read[name] = self.expression(VARIABLE, value, (*route, name))
            if not name.isidentifier() or name in BUILTINS:
                self.sure = False
        return read

    def read_inputs(self, tree: dict[str, Any]) -> None:
        inputs = self.spec.inputs
        if "inputs" not in tree:
            inputs["input"] = self.read_input(tree.get("input", SPOILT), ("input",))
            return
        given = tree["inputs"]
        if "input" in tree or not isinstance(given, dict) or not given:
            self.sure = False
            inputs["input"] = SPOILT
            return
        for name, value in given.items():
            inputs[name] = self.read_input(value, ("inputs", name))
            if not name.isidentifier() or (name == "input" and len(given) > 1):
                self.sure = False

    def read_input(self, value: Any, route: Route) -> Input | Spoilt:
        dtype = None
        if isinstance(value, dict):
            if "shape" not in value or not value.keys() <= {"shape", "dtype"}:
                self.sure = False
            dtype = self.take(value, "dtype", DTYPE, None)
            value = value.get("shape", SPOILT)
            route = (*route, "shape")
        shape = SPOILT if value is SPOILT else self.expression(SHAPE, value, route)
        if isinstance(shape, Spoilt):
            self.sure = False
            return SPOILT
        return Input(shape, dtype, route)

    def read_layers(self, layers: Any) -> None:
        if "dialect" in self.tree and self.tree["dialect"] != self.spec.dialect:
            # In which dialect the layers are written is not known, so nothing is said of them.
            self.sure = False
            layers = SPOILT
        body = self.read_body(layers, ("layers",))
        self.spec.body = None if isinstance(body, Spoilt) else body

    def read_body(self, layers: Any, route: Route, *, empty: bool = False) -> Body | Spoilt:
        if not isinstance(layers, list) or not (layers or empty):
            self.sure = False
            return SPOILT
        self.total += len(layers)
        if self.total > MAX_LAYERS:
            self.sure = False
            return SPOILT
        body = Body(route, self.file)
        entries, names, known = body.entries, body.names, self.known
        for value in layers:
            # Marshalled bytes tell 1 from 1.0 and from true, which a tuple of the values would not. A container is not
            # kept: to marshal what is nested in it at each level would take time that is not linear in the file.
            key: Any = value
            if value.__class__ is not str:
                nests = value.__class__ is dict and ("layers" in value or "branches" in value)
                key = None if nests else dumps(value, 2)
            found = known.get(key)
            if found is None:
                found = self.read_entry(value, (*route, len(entries)))
                if found[0].__class__ is Entry and found[1] is not SPOILT and key is not None:
                    known[key] = found
                elif found[0].__class__ is Step:
                    body.plain = False
            entry: Any
            entry, name = found
            if entry.__class__ is Entry and entry.deferred:
                for _, deferred in entry.deferred:
                    self.count(deferred, (*route, len(entries)))
            entries.append(entry)
            names.append(name)
            if name.__class__ is Template:
                body.templated = True
        return body

    def read_entry(self, value: Any, route: Route) -> NamedEntry:
        """An entry and its name. A name bears on nothing but the path: what differs in it alone is one entry."""
        name = None
        if isinstance(value, dict):
            given = value.get("type")
            if given.__class__ is not str or given in CONTAINERS or not BEYOND.isdisjoint(value):
                return self.read_step(value, route)
            if "name" in value:
                value = value.copy()
                name = self.value(NAME, value.pop("name"))
                found = self.known.get(dumps(value, 2))
                if found is not None:
                    return found[0], name
        entry = read_entry(self.spec.dialect, value)
        if entry is None:
            self.sure = False
            return _spoil(self.spec.dialect, value), name
        if name is not None:
            self.known[dumps(value, 2)] = entry, None
        return entry, name

    def read_budget(self, value: Any, route: Route) -> Budget | None:
        if not isinstance(value, dict):
            self.sure = False
            return None
        model = self.read_limits(value, METRICS, ("layers", "growth"))
        growth = self.read_growth(value.get("growth", {}))
        layers: dict[str, tuple[dict[str, Limit], bool]] = {}
        patterns = value.get("layers", {})
        if not isinstance(patterns, dict):
            self.sure = False
            return Budget(model, layers, growth, route)
        for pattern, limits in patterns.items():
            if not isinstance(limits, dict) or not limits.keys() - {"each"}:
                self.sure = False
                continue
            each = self.take(limits, "each", FLAG, False)
            layers[pattern] = (self.read_limits(limits, LAYER_METRICS, ("each",), LAYER_BUDGET_KINDS), each)
        return Budget(model, layers, growth, route)

    def read_growth(self, value: Any) -> dict[str, int | Share]:
        growth: dict[str, int | Share] = {}
        if not isinstance(value, dict) or not value.keys() <= GROWTH_KINDS.keys():
            self.sure = False
            return growth
        for key, limit in value.items():
            read = self.value(GROWTH_KINDS[key], limit)
            if read is not SPOILT:
                growth[key] = read
        return growth

    def read_limits(
        self,
        value: Mapping[str, Any],
        metrics: tuple[str, ...],
        others: tuple[str, ...],
        kinds: Mapping[str, LimitKind] = BUDGET_KINDS,
    ) -> dict[str, Limit]:
        limits = {}
        for key, limit in value.items():
            if key in metrics:
                read = self.value(kinds[key], limit)
                if read is not SPOILT:
                    limits[key] = read
            elif key not in others:
                self.sure = False
        return limits

    # What stands beyond layers in their turn: in `structure`

    def read_step(self, value: dict[str, Any], route: Route) -> NamedEntry:
        """An entry that is a container or a call, or a layer that does not simply follow the one before."""
        raise NotPlain

    def read_blocks(self, tree: dict[str, Any]) -> None:
        """The blocks of the document, and those that it imports."""
        if "blocks" in tree or "imports" in tree:
            raise NotPlain

    def read_variants(self, variants: Any) -> None:
        """The variants of the document."""
        raise NotPlain


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
