"""Reads what is more than layers one after the other: containers, blocks and their calls, imports, variants."""

from __future__ import annotations

from collections.abc import Mapping
from marshal import dumps
from typing import Any

from modelspec.diagnostics import Finding, Route, Where
from modelspec.entry import (
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
from modelspec.language import (
    BLOCK_KEYS,
    CONDITION,
    CONTAINERS,
    DTYPE,
    EXPERTS,
    FLAG,
    INPUT_NAMES,
    MAX_NESTING,
    NAME,
    REFERENCE,
    REFERENCES,
    REPEAT,
    STEP_KEYS,
    TOP_KEYS,
    VARIANT_KEYS,
    VERSION,
)
from modelspec.refusal import Refused, name_value
from modelspec.source import MARK, MAX_FAULTS, Document
from modelspec.spec.model import Library, Variant
from modelspec.spec.reader import Beyond, NamedEntry, Reader, read_entry
from modelspec.spec.version import refuse_version
from modelspec.template import Reference, Template

__all__ = ["StructureReader"]

STANDING = frozenset({"name", "inputs", "repeat", "shared", "when", "trainable", "dtype"})
"""Keys that a container and a call may have beside their own."""


class StructureReader(Reader):
    """A reader of every document."""

    def read_blocks(self, tree: dict[str, Any]) -> None:
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
            # Of a block that is not known as a whole, neither its entries nor its calls are held against anything.
            self.sure = False
            return
        block.arguments = self.read_variables(value.get("arguments", {}), (*block.route, "arguments"))
        block.variables = self.read_variables(value.get("variables", {}), (*block.route, "variables"))
        if "inputs" in value:
            inputs = self.value(INPUT_NAMES, value["inputs"])
            if inputs is SPOILT:
                return
            block.inputs = inputs
        if not block.variables.keys().isdisjoint(block.arguments):
            (name, *_) = [name for name in block.variables if name in block.arguments]
            route = (*block.route, "variables", name)
            self._note("MS407", f"'{name}' is an argument of the block, too", route, "rename one of them", part="key")
        named = all(name.isidentifier() and name not in BUILTINS for name in block.arguments)
        if named and all(isinstance(value.get(key, {}), dict) for key in ("arguments", "variables")):
            block.body = self.read_body(value["layers"], (*block.route, "layers"))

    def _find_circles(self, blocks: list[Block]) -> None:
        """Blocks that call themselves, on whatever way."""
        done: set[int] = set()
        for block in blocks:
            circle = _find_circle(block, done)
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
            self.findings.append(_place(refuse_version(tree), document.path))
            return library
        if "blocks" not in tree:
            self._note(
                "MS411", f"'{document.path}' has no blocks", route, "an import is for the blocks of another file"
            )
            return library
        reader = StructureReader(document, tree, self.load, document.path)
        reader.spec.libraries = self.spec.libraries
        reader.expressions, reader.characters = self.expressions, self.characters
        reader.read_library(*self.dtypes)
        self.characters = reader.characters
        self.findings += reader.findings
        if not reader.sure or reader.flawed:
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

    def read_library(self, dtype: str, activation_dtype: str) -> None:
        """What another file, in which these dtypes hold, uses of this one: its variables and blocks."""
        self.read_settings()
        self.remember(dtype, activation_dtype)
        self.spec.variables = self.read_variables(self.tree.get("variables", {}), ("variables",))
        self.read_blocks(self.tree)

    def _note(self, code: str, message: str, route: Route, hint: str, *, part: Any = "value") -> None:
        self.findings.append(Finding(code, message, Where(route, part, file=self.file), hint))

    def read_body(self, layers: Any, route: Route, *, empty: bool = False) -> Body | Spoilt:
        """Entries; a wrong one among them spoils itself, and not the container that it stands in."""
        was, self.sure = self.sure, True
        body = super().read_body(layers, route, empty=empty)
        self.flawed = self.flawed or not self.sure
        self.sure = was and not isinstance(body, Spoilt)
        return body

    def _read_single(self, value: Any, route: Route) -> NamedEntry:
        was, self.sure = self.sure, True
        found = self.read_entry(value, route)
        self.flawed = self.flawed or not self.sure
        self.sure = was
        return found

    def _read_branch(self, value: Any, route: Route) -> Body | Spoilt:
        """An entry, or a list of entries, which may be empty."""
        if isinstance(value, list):
            return self.read_body(value, route, empty=True)
        body = Body(route, self.file, single=True)
        entry, name = self._read_single(value, route)
        body.plain = not isinstance(entry, Step)
        body.entries.append(entry)
        body.names.append(name)
        body.templated = isinstance(name, Template)
        return body

    def read_step(self, value: dict[str, Any], route: Route) -> NamedEntry:
        """An entry that is a container or a call, or a layer that does not simply follow the one before."""
        was, self.sure = self.sure, True
        name = self.value(NAME, value["name"]) if "name" in value else None
        inputs = self.value(REFERENCES, value["inputs"]) if "inputs" in value else None
        repeat = self.expression(REPEAT, value["repeat"], (*route, "repeat")) if "repeat" in value else None
        when = self.expression(CONDITION, value["when"], (*route, "when")) if "when" in value else True
        shared = self.take(value, "shared", FLAG, False)
        if "shared" in value and "repeat" not in value:
            self.sure = False
        ties = self._read_ties(value["tie"], route) if "tie" in value else ()
        if inputs is not None or ties:
            self.spec.refers = True
        self.depth += 1
        if self.depth > MAX_NESTING:
            message = f"containers are nested more than {MAX_NESTING} deep, the bound"
            raise Beyond(Finding("MS412", message, Where(route, file=self.file), "put what is inside into a block"))
        what = self._read_what(value, route)
        self.depth -= 1
        good, self.sure = self.sure, was and self.sure
        if what is None or not good or any(each is SPOILT for each in (name, inputs, repeat, when)):
            return SPOILT, name
        step = Step(what, name=name, inputs=inputs, repeat=repeat, shared=shared, when=when, ties=ties)
        return step, name

    def _read_ties(self, value: Any, route: Route) -> tuple[Tie, ...]:
        if not isinstance(value, dict) or not value.keys() - {"when"}:
            self.sure = False
            return ()
        when = self.expression(CONDITION, value["when"], (*route, "tie", "when")) if "when" in value else True
        ties = []
        for tensor, to in value.items():
            if tensor != "when":
                reference = self.value(REFERENCE, to)
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
            reference = self.value(REFERENCE, value["share"])
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
            self.count(deferred, route)
        self.known[dumps(plain, 2)] = entry, None
        return entry

    def _close(self, value: Mapping[str, Any], own: tuple[str, ...], beside: frozenset[str] | set[str]) -> None:
        """Take down whether there is a key that this entry does not have."""
        if not value.keys() <= {*own, *beside}:
            self.sure = False

    def _read_weights(self, value: Mapping[str, Any]) -> tuple[bool, str | None]:
        """Whether training changes what is in here, and its dtype."""
        return self.take(value, "trainable", FLAG, True), self.take(value, "dtype", DTYPE, None)

    def _read_call(self, value: dict[str, Any], route: Route) -> Call | None:
        self._close(value, ("block", "with"), STANDING)
        trainable, dtype = self._read_weights(value)
        given = value.get("with", {})
        name = value["block"]
        if not isinstance(name, str) or not isinstance(given, dict):
            self.sure = False
            return None
        arguments = self.read_variables(given, (*route, "with"))
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
        self._close(value, ("type", *own), STANDING)
        trainable, dtype = self._read_weights(value)
        numbered = self.take(value, "numbered", FLAG, False)
        if name == "Parallel":
            return self._read_parallel(value, route, numbered=numbered, trainable=trainable, dtype=dtype)
        body = self.read_body(value.get("layers", SPOILT), (*route, "layers"))
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
        return self.expression(EXPERTS, value[key], (*route, key))

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
        entry, name = self._read_single(value, route)
        if isinstance(entry, Entry):
            for _, deferred in entry.deferred:
                self.count(deferred, route)
        return Named(entry, name, route)

    def read_variants(self, variants: Any) -> None:
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
        variables = self.read_variables(value.get("variables", {}), (*route, "variables"))
        for name in variables:
            if name not in self.spec.variables and not self._is_misspelt("variables"):
                from modelspec.refusal import find_near

                near = find_near(name, self.spec.variables)
                hint = f"did you mean '{near}'?" if near else "declare it under `variables` first, with a default"
                self._note("MS402", f"the file has no variable '{name}'", (*route, "variables", name), hint, part="key")
        budget = self.read_budget(value["budget"], (*route, "budget")) if "budget" in value else None
        dtype = self.take(value, "dtype", DTYPE, None)
        return Variant(variables, dtype, self.take(value, "activation_dtype", DTYPE, None), budget)


def _place(finding: Finding, file: str) -> Finding:
    """A finding that is in an imported file."""
    where = finding.where._replace(file=file) if isinstance(finding.where, Where) else finding.where
    fix = tuple([edit._replace(file=file) for edit in finding.fix])
    return finding._replace(where=where, file=file, fix=fix)


def _find_circle(block: Block, done: set[int]) -> list[Block] | None:
    """The blocks of a circle that a block's calls lead into; None if they do not."""
    way = [block]
    waiting = [_list_called(block.body)]
    while way:
        if not waiting[-1]:
            done.add(id(way.pop()))
            waiting.pop()
            continue
        called = waiting[-1].pop()
        if called in way:
            return way[way.index(called) :]
        if id(called) not in done:
            way.append(called)
            waiting.append(_list_called(called.body))
    return None


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
