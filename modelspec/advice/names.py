"""Names that a document declares and does not use: variables, blocks, imports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelspec.diagnostics import Where
from modelspec.entry import Block, Body, Call, Chain, Fork, Mixture, Spoilt, Step, names_of
from modelspec.spec import Input, Spec, Variant
from modelspec.template import Template

__all__ = ["list_unused", "list_unused_blocks", "list_unused_imports", "list_unused_variables"]


def list_unused(spec: Spec) -> Iterator[str]:
    """Which kinds of things there are that nothing uses, in words."""
    for _ in list_unused_variables(spec):
        yield "unused variables"
        break
    if not spec.blocks and not spec.libraries:
        return
    if next(list_unused_blocks(spec), None) is not None:
        yield "unused blocks"
    if next(list_unused_imports(spec), None) is not None:
        yield "unused imports"


def list_unused_variables(spec: Spec) -> Iterator[Where]:
    """Where the variables stand that nothing reads: those of the file, and those that its blocks compute."""
    own = [block for block in spec.blocks.values() if not block.file]
    used: set[str] = set() if spec.body is None else {*spec.body.reads}
    for given in spec.inputs.values():
        used.update(names_of(given.shape) if isinstance(given, Input) else ())
    for value in spec.variables.values():
        used.update(names_of(value))
    if not own and used >= spec.variables.keys():
        return
    for variant in spec.variants.values():
        if isinstance(variant, Variant):
            for value in variant.variables.values():
                used.update(names_of(value))
    if spec.body is not None:
        used |= _names_in(spec.body)
    for block in own:
        inner = _names_in(block.body) if isinstance(block.body, Body) else set()
        for value in block.variables.values():
            inner |= {*names_of(value)}
        yield from [Where((*block.route, "variables", name), "key") for name in block.variables if name not in inner]
        used |= inner - block.variables.keys() - block.arguments.keys()
        for value in block.arguments.values():
            used.update(names_of(value))
    yield from [Where(("variables", name), "key") for name in spec.variables if name not in used]


def _names_in(body: Body) -> set[str]:
    """The names that entries read, and that the names of layers in them are made of."""
    names = {*body.reads}
    if body.plain and not body.templated:
        return names
    for entry, name in zip(body.entries, body.names, strict=True):
        if isinstance(name, Template):
            names |= name.names
        if isinstance(entry, Step):
            for inner in _list_bodies(entry):
                names |= _names_in(inner)
            merge = entry.what.merge if isinstance(entry.what, Fork) else None
            if merge is not None and isinstance(merge.name, Template):
                names |= merge.name.names
    return names


def _list_bodies(entry: Step) -> Iterator[Body]:
    what = entry.what
    if isinstance(what, (Chain, Mixture)):
        yield what.body
    elif isinstance(what, Fork):
        yield from what.branches
        if what.merge is not None and isinstance(what.merge.entry, Step):
            yield from _list_bodies(what.merge.entry)


def _list_calls(body: Body | Spoilt) -> Iterator[Block]:
    """The blocks that entries call."""
    if not isinstance(body, Body) or body.plain:
        return
    for entry in body.entries:
        if isinstance(entry, Step):
            if isinstance(entry.what, Call):
                yield entry.what.block
            elif isinstance(entry.what, Fork) and entry.what.merge is not None:
                merge = entry.what.merge.entry
                if isinstance(merge, Step) and isinstance(merge.what, Call):
                    yield merge.what.block
            for inner in _list_bodies(entry):
                yield from _list_calls(inner)


def _list_called(spec: Spec) -> set[int]:
    """The blocks that the layers of a file call, by whatever way, or that its own blocks do, by their id."""
    called: set[int] = set()
    waiting = [*_list_calls(spec.body)] if spec.body is not None else []
    if spec.body is None:
        waiting = [block for block in spec.blocks.values() if not block.file]
    while waiting:
        block = waiting.pop()
        if id(block) not in called:
            called.add(id(block))
            waiting += _list_calls(block.body)
    return called


def list_unused_blocks(spec: Spec) -> Iterator[Block]:
    """The blocks of a file with layers that none of these calls, by whatever way. Those of a library are for others."""
    if spec.body is not None:
        called = _list_called(spec)
        yield from [block for block in spec.blocks.values() if not block.file and id(block) not in called]


def list_unused_imports(spec: Spec) -> Iterator[int]:
    """The numbers of the imports of which the file calls no block."""
    tree: Any = spec.document.tree
    texts = tree.get("imports", ())
    if not texts:
        return
    import posixpath

    bodies = [spec.body, *[block.body for block in spec.blocks.values() if not block.file]]
    called = {block.file for body in bodies if body is not None for block in _list_calls(body)}
    folder = posixpath.dirname(spec.document.path.replace("\\", "/"))
    for number, text in enumerate(texts):
        path = posixpath.normpath(posixpath.join(folder, text))
        # One that is named by two ways has the path of the first.
        if path in spec.libraries and path not in called:
            yield number
