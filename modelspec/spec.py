"""The spec: what a document says, ready to be resolved.

The Pydantic models in `schema` are the authority on what a document may say. A valid document is recognised here
without them, by the same kinds of values, for importing Pydantic takes longer than all the rest of a check; whatever is
not recognised goes through the models, and they say what is wrong with it. What is wrong is left out of the spec
(`SPOILT`), so that the rest can still be resolved and its own mistakes be found in the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from marshal import dumps
from typing import Any

from modelspec import catalogue
from modelspec.diagnostics import Finding, Route, Where
from modelspec.dtype import is_float
from modelspec.entry import (
    PASSING,
    SPOILT,
    Block,
    Body,
    Call,
    Chain,
    Entry,
    Fork,
    Mixture,
    Named,
    Share,
    Spoilt,
    Step,
    Tie,
    What,
)
from modelspec.expressions import BUILTINS
from modelspec.fitting import Written
from modelspec.kinds import Deferred, Kind
from modelspec.language import (
    BLOCK_KEYS,
    BUDGET_KINDS,
    CONDITION,
    CONTAINERS,
    DIALECT,
    DTYPE,
    ENTRY_KEYS,
    EXPERTS,
    FLAG,
    INPUT_NAMES,
    MAX_LAYERS,
    NAME,
    REFERENCE,
    REFERENCES,
    REPEAT,
    SHAPE,
    STEP_KEYS,
    TEXT,
    TOP_KEYS,
    VARIABLE,
    VARIANT_KEYS,
    VERSION,
)
from modelspec.layer import fields_of, keeps_shape
from modelspec.limit import LAYER_METRICS, METRICS, Limit
from modelspec.refusal import Refused, name_value
from modelspec.source import MARK, MAX_FAULTS, Document
from modelspec.template import Reference, Template

__all__ = ["Budget", "Input", "Library", "Spec", "Variant", "read"]


class Input:
    """An input of the model: the shape of one sample, and its dtype if that is stated."""

    __slots__ = ("dtype", "route", "shape")

    def __init__(self, shape: Any, dtype: str | None, route: Route) -> None:
        self.shape = shape
        self.dtype = dtype
        self.route = route


class Budget:
    """Limits by metric for the whole model, and by path pattern for its layers (`each`: each on its own).

    `route` leads to it. `over` is the budget of a variant, where that says more than the model's own.
    """

    __slots__ = ("layers", "model", "over", "route")

    def __init__(
        self,
        model: dict[str, Limit],
        layers: dict[str, tuple[dict[str, Limit], bool]],
        route: Route = ("budget",),
        over: Budget | None = None,
    ) -> None:
        self.model = model
        self.layers = layers
        self.route = route
        self.over = over

    def route_of(self, *steps: str) -> Route:
        """The way to a limit on the model, by its metric, or to those on layers, by their pattern."""
        own = self.over.layers if self.over is not None and steps[0] == "layers" else None
        if self.over is not None and (steps[1] in own if own is not None else steps[0] in self.over.model):
            return (*self.over.route, *steps)
        return (*self.route, *steps)


class Variant:
    """What a variant sets otherwise. None for what it leaves as it is."""

    __slots__ = ("activation_dtype", "budget", "dtype", "variables")

    def __init__(
        self, variables: dict[str, Any], dtype: str | None, activation_dtype: str | None, budget: Budget | None
    ) -> None:
        self.variables = variables
        self.dtype = dtype
        self.activation_dtype = activation_dtype
        self.budget = budget


class Library:
    """A file whose blocks are used by another: its document, its variables, and the blocks that are seen in it."""

    __slots__ = ("blocks", "document", "variables")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.variables: dict[str, Any] = {}
        self.blocks: dict[str, Block] = {}


class Spec:
    """One document. A part that is wrong is `SPOILT`.

    `inputs` are by name, in order; a single `input` is called so. `libraries` are the imported files, by their path.
    """

    __slots__ = (
        "activation_dtype",
        "blocks",
        "body",
        "budget",
        "dialect",
        "document",
        "dtype",
        "inputs",
        "libraries",
        "name",
        "outputs",
        "refers",
        "variables",
        "variants",
    )

    def __init__(self, document: Document) -> None:
        self.document = document
        self.name: str | None = None
        self.dialect = "torch"
        self.dtype = "float32"
        self.activation_dtype = "float32"
        self.variables: dict[str, Any] = {}
        self.inputs: dict[str, Input | Spoilt] = {}
        self.blocks: dict[str, Block] = {}
        self.libraries: dict[str, Library] = {}
        self.body: Body | None = None
        self.outputs: tuple[Reference, ...] | Spoilt | None = None
        self.variants: dict[str, Variant | Spoilt] = {}
        self.budget: Budget | None = None
        self.refers = False
        """Whether anything in it refers to a layer by its path."""


_Named = tuple[Entry | Step | Spoilt, str | Template | Spoilt | None]
_ENTRIES: dict[tuple[str, str, str], dict[Any, _Named]] = {}
"""The entries of this run, by what bears on them (dialect and dtypes), then by what they say."""


MAX_EXPRESSIONS = 100_000
"""Characters of the distinct expressions of a document: parsing them takes half a second."""
_BEYOND = frozenset({*STEP_KEYS, "block", "with", "share"})
"""Keys that make an entry more than a layer in its turn."""
_STANDING = frozenset({"name", "inputs", "repeat", "shared", "when", "trainable", "dtype"})
"""Keys that a container and a call may have beside their own."""


def read(
    document: Document, load: Callable[[Document, str], Document | Finding] | None = None
) -> tuple[Spec | None, list[Finding]]:
    """The spec that a document holds, as far as it is right, and what is wrong with it.

    None when the document is no spec at all, or one of a version that this tool does not speak. `load` reads a file
    that a document imports.
    """
    tree = document.tree
    if not isinstance(tree, dict) or MARK not in tree or tree[MARK].__class__ is not int or tree[MARK] != VERSION:
        return None, [_refuse_version(tree)]
    reader = _Reader(document, tree, load)
    try:
        spec = reader.read()
    except _Beyond as beyond:
        return None, [beyond.finding]
    if reader.sure:
        return spec, reader.findings
    from modelspec import schema

    findings = schema.check(tree)
    if not findings:
        raise AssertionError("a document that the schema accepts was not recognised")
    return spec, [*findings, *reader.findings]


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
    """Reads a tree without a word: what it does not recognise, it leaves to the schema (`sure` is then False).

    What a schema cannot tell, such as a block that is not there, is in `findings`.
    """

    def __init__(
        self,
        document: Document,
        tree: dict[str, Any],
        load: Callable[[Document, str], Document | Finding] | None = None,
        file: str = "",
    ) -> None:
        self.tree = tree
        self.spec = Spec(document)
        self.sure = True
        self.blind = False
        """Whether some blocks that are declared could not be read, so that none is known to be missing."""
        self.findings: list[Finding] = []
        self.expressions: set[str] = set()
        self.characters = 0
        self.load = load
        self.file = file
        self.total = 0
        self.known: dict[Any, _Named] = {}

    def read(self) -> Spec:
        """The whole document."""
        spec, tree = self.spec, self.tree
        for key in tree:
            if key not in TOP_KEYS:
                self.sure = False
        spec.name = self._take(tree, "name", TEXT, None)
        if "description" in tree:
            self._value(TEXT, tree["description"])
        self._read_settings()
        spec.variables = self._read_variables(tree.get("variables", {}), ("variables",))
        self._read_blocks(tree)
        if "layers" in tree or "blocks" not in tree:
            self._read_inputs(tree)
            self._read_layers(tree.get("layers", SPOILT))
        elif not tree.keys().isdisjoint({"input", "inputs", "outputs", "variants", "budget"}):
            self.sure = False
        if "outputs" in tree:
            spec.outputs = self._value(REFERENCES, tree["outputs"])
            spec.refers = True
        if "budget" in tree:
            spec.budget = self._read_budget(tree["budget"], ("budget",))
        if "variants" in tree:
            self._read_variants(tree["variants"])
        return spec

    def _read_settings(self) -> None:
        spec, tree = self.spec, self.tree
        spec.dialect = self._take(tree, "dialect", DIALECT, "torch")
        spec.dtype = self._take(tree, "dtype", DTYPE, "float32")
        flowing = spec.dtype if is_float(spec.dtype) else "float32"
        spec.activation_dtype = self._take(tree, "activation_dtype", DTYPE, flowing)
        self.known = _ENTRIES.setdefault((spec.dialect, spec.dtype, spec.activation_dtype), {})
        if len(self.known) > MAX_LAYERS:
            self.known.clear()

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

    def _expression(self, kind: Kind, value: Any, route: Route) -> Any:
        """A value that may hold expressions, which are counted."""
        read = self._value(kind, value)
        if read.__class__ is Deferred:
            self._count(read, route)
        return read

    def _count(self, deferred: Deferred, route: Route) -> None:
        """Hold the length of all distinct expressions against the bound."""
        for _, expression in deferred.expressions:
            if expression.text not in self.expressions:
                self.expressions.add(expression.text)
                self.characters += len(expression.text)
        if self.characters > MAX_EXPRESSIONS:
            message = f"the expressions of this document have more than {MAX_EXPRESSIONS:,} characters, the bound"
            hint = "compute what they have in common in variables"
            raise _Beyond(Finding("MS404", message, Where(route, file=self.file), hint))

    def _read_variables(self, variables: Any, route: Route) -> dict[str, Any]:
        read: dict[str, Any] = {}
        if not isinstance(variables, dict):
            self.sure = False
            return read
        for name, value in variables.items():
            read[name] = self._expression(VARIABLE, value, (*route, name))
            if not name.isidentifier() or name in BUILTINS:
                self.sure = False
        return read

    # What flows in

    def _read_inputs(self, tree: dict[str, Any]) -> None:
        inputs = self.spec.inputs
        if "inputs" not in tree:
            inputs["input"] = self._read_input(tree.get("input", SPOILT), ("input",))
            return
        given = tree["inputs"]
        if "input" in tree or not isinstance(given, dict) or not given:
            self.sure = False
            inputs["input"] = SPOILT
            return
        for name, value in given.items():
            inputs[name] = self._read_input(value, ("inputs", name))
            if not name.isidentifier() or (name == "input" and len(given) > 1):
                self.sure = False

    def _read_input(self, value: Any, route: Route) -> Input | Spoilt:
        dtype = None
        if isinstance(value, dict):
            if "shape" not in value or not value.keys() <= {"shape", "dtype"}:
                self.sure = False
            dtype = self._take(value, "dtype", DTYPE, None)
            value = value.get("shape", SPOILT)
            route = (*route, "shape")
        if value is SPOILT:
            self.sure = False
            return SPOILT
        shape = self._expression(SHAPE, value, route)
        return SPOILT if shape is SPOILT else Input(shape, dtype, route)

    # Blocks and libraries

    def _read_blocks(self, tree: dict[str, Any]) -> None:
        blocks = self.spec.blocks
        if "imports" in tree:
            self._read_imports(tree["imports"])
        given = tree.get("blocks", {})
        if not isinstance(given, dict) or (not given and "blocks" in tree):
            self.sure, self.blind = False, True
            return
        for name in given:
            if name in blocks:
                message = f"the block '{name}' is there already: '{blocks[name].file}' brings it"
                self._note("MS411", message, ("blocks", name), "rename one of them", part="key")
            blocks[name] = Block(name, ("blocks", name), self.file)
            try:
                if NAME.read(name).__class__ is not str:
                    self.sure = False
            except Refused:
                self.sure = False
        for name, value in given.items():
            self._read_block(blocks[name], value)
        self._find_circles([blocks[name] for name in given])

    def _read_block(self, block: Block, value: Any) -> None:
        if not isinstance(value, dict) or "layers" not in value or not value.keys() <= {*BLOCK_KEYS}:
            self.sure = False
        if not isinstance(value, dict):
            return
        block.arguments = self._read_variables(value.get("arguments", {}), (*block.route, "arguments"))
        block.variables = self._read_variables(value.get("variables", {}), (*block.route, "variables"))
        if "inputs" in value:
            inputs = self._value(INPUT_NAMES, value["inputs"])
            block.inputs = () if inputs is SPOILT else inputs
        if not block.variables.keys().isdisjoint(block.arguments):
            (name, *_) = [name for name in block.variables if name in block.arguments]
            route = (*block.route, "variables", name)
            self._note("MS407", f"'{name}' is an argument of the block, too", route, "rename one of them", part="key")
        block.body = self._read_body(value.get("layers", SPOILT), (*block.route, "layers"))

    def _find_circles(self, blocks: list[Block]) -> None:
        """Blocks that call themselves, on whatever way."""
        done: set[int] = set()
        for block in blocks:
            circle = _find_circle(block, [], done)
            if circle is not None:
                names = [*(each.name for each in circle), circle[0].name]
                if len(names) == 2:
                    message = f"the block '{names[0]}' calls itself"
                else:
                    message = f"blocks that call each other in a circle: {' → '.join(names[:8])}"
                hint = "a block is written out where it is called: leave one of the calls out"
                self._note("MS409", message, circle[0].route, hint, part="key")
                for each in circle:
                    each.body = SPOILT

    def _read_imports(self, imports: Any) -> None:
        if not isinstance(imports, list) or not imports:
            self.sure, self.blind = False, True
            return
        seen: set[str] = set()
        for index, text in enumerate(imports):
            if not isinstance(text, str) or not text or text in seen:
                self.sure, self.blind = False, True
                continue
            seen.add(text)
            if self.load is not None:
                before = len(self.findings)
                self._import(text, ("imports", index))
                self.blind = self.blind or len(self.findings) > before

    def _import(self, text: str, route: Route) -> None:
        assert self.load is not None
        found = self.load(self.spec.document, text)
        if isinstance(found, Finding):
            self.findings.append(found._replace(where=Where(route, file=self.file)))
            return
        library = self.spec.libraries.get(found.path)
        if library is None:
            library = self._read_library(found, route)
        if library is None:
            return
        for name, block in library.blocks.items():
            if block.file != library.document.path:
                # What it imports itself is its own business.
                continue
            if name in self.spec.blocks and self.spec.blocks[name] is not block:
                message = f"'{text}' brings a block '{name}', which '{self.spec.blocks[name].file}' has brought before"
                self._note("MS411", message, route, "rename one of them")
            self.spec.blocks[name] = block

    def _read_library(self, document: Document, route: Route) -> Library | None:
        findings = [_place(finding, document.path) for finding in document.findings]
        self.findings += findings
        tree = document.tree
        library = self.spec.libraries[document.path] = Library(document)
        if not document.readable:
            return library
        if not isinstance(tree, dict) or MARK not in tree or tree[MARK].__class__ is not int or tree[MARK] != VERSION:
            self.findings.append(_place(_refuse_version(tree), document.path))
            return library
        if "blocks" not in tree:
            self._note(
                "MS411", f"'{document.path}' has no blocks", route, "an import is for the blocks of another file"
            )
            return library
        reader = _Reader(document, tree, self.load, document.path)
        reader.spec.libraries = self.spec.libraries
        reader.expressions, reader.characters = self.expressions, self.characters
        reader.read_library()
        self.characters = reader.characters
        self.findings += reader.findings
        if not reader.sure:
            from modelspec import schema

            self.findings += [_place(finding, document.path) for finding in schema.check(tree)]
        if reader.spec.dialect != self.spec.dialect:
            message = (
                f"'{document.path}' is written in the {reader.spec.dialect} dialect, this file in {self.spec.dialect}"
            )
            self._note("MS411", message, route, "blocks can be used in their own dialect only")
            return library
        library.variables = reader.spec.variables
        library.blocks = reader.spec.blocks
        self.spec.refers = self.spec.refers or reader.spec.refers
        return library

    def read_library(self) -> None:
        """What another file uses of this one: its variables and blocks."""
        self._read_settings()
        self.spec.variables = self._read_variables(self.tree.get("variables", {}), ("variables",))
        self._read_blocks(self.tree)

    def _note(self, code: str, message: str, route: Route, hint: str, *, part: Any = "value") -> None:
        self.findings.append(Finding(code, message, Where(route, part, file=self.file), hint))

    # Entries

    def _read_layers(self, layers: Any) -> None:
        if "dialect" in self.tree and self.tree["dialect"] != self.spec.dialect:
            # In which dialect the layers are written is not known, so nothing is said of them.
            self.sure = False
            layers = SPOILT
        body = self._read_body(layers, ("layers",))
        self.spec.body = None if isinstance(body, Spoilt) else body

    def _read_body(self, layers: Any, route: Route, *, empty: bool = False) -> Body | Spoilt:
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
            # Marshalled bytes tell 1 from 1.0 and from true, which a tuple of the values would not. A container is in no
            # memory, and to marshal what is nested in it at each level would take time that is not linear in the file.
            key: Any = value
            if value.__class__ is not str:
                nests = value.__class__ is dict and ("layers" in value or "branches" in value)
                key = None if nests else dumps(value, 2)
            found = known.get(key)
            if found is None:
                found = self._read_entry(value, (*route, len(entries)))
                entry = found[0]
                if entry.__class__ is Entry and found[1] is not SPOILT and key is not None:
                    known[key] = found
                elif entry.__class__ is Step:
                    body.plain = False
            entry, name = found
            if entry.__class__ is Entry and entry.deferred:  # type: ignore[union-attr]
                for _, deferred in entry.deferred:  # type: ignore[union-attr]
                    self._count(deferred, (*route, len(entries)))
            entries.append(entry)
            names.append(name)
        return body

    def _read_branch(self, value: Any, route: Route) -> Body | Spoilt:
        """An entry, or a list of entries, which may be empty."""
        if isinstance(value, list):
            return self._read_body(value, route, empty=True)
        body = Body(route, self.file, single=True)
        entry, name = self._read_entry(value, route)
        body.plain = not isinstance(entry, Step)
        body.entries.append(entry)
        body.names.append(name)
        return body

    def _read_entry(self, value: Any, route: Route) -> _Named:
        """An entry and its name. A name bears on nothing but the path: what differs in it alone is one entry."""
        name = None
        if isinstance(value, dict):
            given = value.get("type")
            if given.__class__ is not str or given in CONTAINERS or not _BEYOND.isdisjoint(value):
                return self._read_step(value, route)
            if "name" in value:
                value = value.copy()
                name = self._value(NAME, value.pop("name"))
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

    def _read_step(self, value: dict[str, Any], route: Route) -> _Named:
        """An entry that is a container or a call, or a layer that does not simply follow the one before."""
        was, self.sure = self.sure, True
        name = self._value(NAME, value["name"]) if "name" in value else None
        inputs = self._value(REFERENCES, value["inputs"]) if "inputs" in value else None
        repeat = self._expression(REPEAT, value["repeat"], (*route, "repeat")) if "repeat" in value else None
        when = self._expression(CONDITION, value["when"], (*route, "when")) if "when" in value else True
        shared = self._take(value, "shared", FLAG, False)
        if "shared" in value and "repeat" not in value:
            self.sure = False
        ties = self._read_ties(value["tie"], route) if "tie" in value else ()
        if inputs is not None or ties:
            self.spec.refers = True
        what = self._read_what(value, route)
        good, self.sure = self.sure, was and self.sure
        if what is None or not good or any(each is SPOILT for each in (name, inputs, repeat, when)):
            return SPOILT, name
        step = Step(what, name=name, inputs=inputs, repeat=repeat, shared=shared, when=when, ties=ties)
        return step, name

    def _read_ties(self, value: Any, route: Route) -> tuple[Tie, ...]:
        if not isinstance(value, dict) or not value.keys() - {"when"}:
            self.sure = False
            return ()
        when = self._expression(CONDITION, value["when"], (*route, "tie", "when")) if "when" in value else True
        ties = []
        for tensor, to in value.items():
            if tensor != "when":
                reference = self._value(REFERENCE, to)
                if isinstance(reference, Reference) and (reference.every or reference.result is not None):
                    self.sure = False
                if isinstance(reference, Reference):
                    reference.use = "tensor"
                ties.append(Tie(tensor, reference, when))
        return tuple(ties)

    def _read_what(self, value: dict[str, Any], route: Route) -> What | None:
        """What an entry is, beside how it stands there. None, or not `sure`, if anything is wrong with it."""
        kinds = [key for key in ("type", "block", "share") if key in value]
        if len(kinds) != 1 and not (not kinds and "layers" in value):
            self.sure = False
            return None
        if kinds == ["share"]:
            self._close(value, ("share",), {"name", "inputs", "repeat", "shared", "when"})
            reference = self._value(REFERENCE, value["share"])
            self.spec.refers = True
            if not isinstance(reference, Reference) or reference.every or reference.result is not None:
                self.sure = False
                return None
            reference.use = "layer"
            return Share(reference)
        if kinds == ["block"]:
            return self._read_call(value, route)
        name = value.get("type", "Sequential")
        if name.__class__ is not str:
            self.sure = False
            return None
        if name in CONTAINERS:
            return self._read_container(name, value, route)
        plain = {key: member for key, member in value.items() if key not in STEP_KEYS and key != "name"}
        found = self.known.get(dumps(plain, 2))
        entry = found[0] if found is not None else read_entry(self.spec.dialect, plain)
        if not isinstance(entry, Entry):
            self.sure = False
            return None
        for _, deferred in entry.deferred:
            self._count(deferred, route)
        self.known[dumps(plain, 2)] = entry, None
        return entry

    def _close(self, value: Mapping[str, Any], own: tuple[str, ...], beside: frozenset[str] | set[str]) -> None:
        """Take down whether there is a key that this entry does not have."""
        if not value.keys() <= {*own, *beside}:
            self.sure = False

    def _read_weights(self, value: Mapping[str, Any]) -> tuple[bool, str | None]:
        """Whether training changes what is in here, and its dtype."""
        return self._take(value, "trainable", FLAG, True), self._take(value, "dtype", DTYPE, None)

    def _read_call(self, value: dict[str, Any], route: Route) -> Call | None:
        self._close(value, ("block", "with"), _STANDING)
        trainable, dtype = self._read_weights(value)
        given = value.get("with", {})
        name = value["block"]
        if not isinstance(name, str) or not isinstance(given, dict):
            self.sure = False
            return None
        arguments = self._read_variables(given, (*route, "with"))
        if not self.sure:
            return None
        block = self.spec.blocks.get(name)
        if block is None:
            self._note_unknown_block(name, route)
            return None
        return Call(block, arguments, trainable=trainable, dtype=dtype)

    def _is_misspelt(self, *names: str) -> bool:
        """Whether a key of the file is not known, and surely one of these: it is told, and nothing that hangs on it."""
        from modelspec.refusal import find_near

        strange = [key for key in self.tree if key not in TOP_KEYS][:MAX_FAULTS]
        return any(find_near(key, TOP_KEYS) in names for key in strange)

    def _note_unknown_block(self, name: str, route: Route) -> None:
        from modelspec.refusal import find_near

        if self.blind or self._is_misspelt("blocks", "imports"):
            return
        near = find_near(name, self.spec.blocks)
        known = ", ".join(list(self.spec.blocks)[:8])
        hint = (
            f"did you mean '{near}'?" if near else f"the blocks are {known}" if known else "declare it under `blocks`"
        )
        self._note("MS408", f"there is no block {name_value(name)}", (*route, "block"), hint)

    def _read_container(self, name: str, value: dict[str, Any], route: Route) -> What | None:
        own = CONTAINERS[name]
        self._close(value, ("type", *own), _STANDING)
        trainable, dtype = self._read_weights(value)
        numbered = self._take(value, "numbered", FLAG, False)
        if name == "Parallel":
            return self._read_parallel(value, route, numbered=numbered, trainable=trainable, dtype=dtype)
        body = self._read_body(value.get("layers", SPOILT), (*route, "layers"))
        if name == "MixtureOfExperts":
            experts, each = (self._read_number(value, key, route) for key in ("experts", "experts_per_token"))
            if isinstance(body, Spoilt):
                return None
            return Mixture(body, experts, each, trainable=trainable, dtype=dtype)
        if name == "Residual":
            shortcut = self._read_branch(value.get("shortcut", []), (*route, "shortcut"))
            if isinstance(body, Spoilt) or isinstance(shortcut, Spoilt):
                return None
            branches = [body, shortcut]
            return Fork(branches, None, residual=True, numbered=numbered, trainable=trainable, dtype=dtype)
        return None if isinstance(body, Spoilt) else Chain(body, numbered=numbered, trainable=trainable, dtype=dtype)

    def _read_number(self, value: Mapping[str, Any], key: str, route: Route) -> Any:
        if key not in value:
            self.sure = False
            return SPOILT
        return self._expression(EXPERTS, value[key], (*route, key))

    def _read_parallel(
        self, value: dict[str, Any], route: Route, *, numbered: bool, trainable: bool, dtype: str | None
    ) -> Fork | None:
        given = value.get("branches")
        if not isinstance(given, list) or not given:
            self.sure = False
            return None
        branches = [self._read_branch(branch, (*route, "branches", index)) for index, branch in enumerate(given)]
        merge = None
        if "merge" in value:
            merge = self._read_merge(value["merge"], (*route, "merge"))
        read = [branch for branch in branches if not isinstance(branch, Spoilt)]
        if len(read) < len(branches):
            return None
        return Fork(read, merge, residual=False, numbered=numbered, trainable=trainable, dtype=dtype)

    def _read_merge(self, value: Any, route: Route) -> Named:
        if isinstance(value, dict) and not value.keys().isdisjoint({"inputs", "repeat", "shared", "when"}):
            self.sure = False
        entry, name = self._read_entry(value, route)
        if isinstance(entry, Entry):
            for _, deferred in entry.deferred:
                self._count(deferred, route)
        return Named(entry, name, route)

    # Budgets and variants

    def _read_variants(self, variants: Any) -> None:
        if not isinstance(variants, dict) or not variants:
            self.sure = False
            return
        for name, value in variants.items():
            self.spec.variants[name] = self._read_variant(value, ("variants", name))
            if not name or not name.isprintable() or name != name.strip() or "/" in name:
                self.sure = False

    def _read_variant(self, value: Any, route: Route) -> Variant | Spoilt:
        if not isinstance(value, dict):
            self.sure = False
            return SPOILT
        self._close(value, VARIANT_KEYS, set())
        variables = self._read_variables(value.get("variables", {}), (*route, "variables"))
        for name in variables:
            if name not in self.spec.variables and not self._is_misspelt("variables"):
                from modelspec.refusal import find_near

                near = find_near(name, self.spec.variables)
                hint = f"did you mean '{near}'?" if near else "declare it under `variables` first, with a default"
                self._note("MS402", f"the file has no variable '{name}'", (*route, "variables", name), hint, part="key")
        budget = self._read_budget(value["budget"], (*route, "budget")) if "budget" in value else None
        dtype = self._take(value, "dtype", DTYPE, None)
        return Variant(variables, dtype, self._take(value, "activation_dtype", DTYPE, None), budget)

    def _read_budget(self, value: Any, route: Route) -> Budget | None:
        if not isinstance(value, dict):
            self.sure = False
            return None
        model = self._read_limits(value, METRICS, ("layers",))
        layers: dict[str, tuple[dict[str, Limit], bool]] = {}
        patterns = value.get("layers", {})
        if not isinstance(patterns, dict):
            self.sure = False
            return Budget(model, layers, route)
        for pattern, limits in patterns.items():
            if not isinstance(limits, dict) or not limits.keys() - {"each"}:
                self.sure = False
                continue
            each = self._take(limits, "each", FLAG, False)
            layers[pattern] = (self._read_limits(limits, LAYER_METRICS, ("each",)), each)
        return Budget(model, layers, route)

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


def _place(finding: Finding, file: str) -> Finding:
    """A finding that is in an imported file."""
    where = finding.where._replace(file=file) if isinstance(finding.where, Where) else finding.where
    return finding._replace(where=where, file=file)


def _find_circle(block: Block, way: list[Block], done: set[int]) -> list[Block] | None:
    if block in way:
        return way[way.index(block) :]
    if id(block) in done:
        return None
    way.append(block)
    found = None
    for called in _list_called(block.body):
        found = found or _find_circle(called, way, done)
    way.pop()
    done.add(id(block))
    return found


def _list_called(body: Body | Spoilt) -> list[Block]:
    """The blocks that are called somewhere in a body."""
    called: list[Block] = []
    waiting: list[Any] = [body]
    while waiting:
        at = waiting.pop()
        if isinstance(at, Body):
            waiting += [entry.what for entry in at.entries if isinstance(entry, Step)]
        elif isinstance(at, (Chain, Mixture)):
            waiting.append(at.body)
        elif isinstance(at, Fork):
            waiting += at.branches
            if at.merge is not None and isinstance(at.merge.entry, Step):
                waiting.append(at.merge.entry.what)
        elif isinstance(at, Call):
            called.append(at.block)
    return called


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
