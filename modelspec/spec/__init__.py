"""The spec: what a document says, ready to be resolved.

The Pydantic models in `schema` are the authority on what a document may say. A valid document is recognised here
without them, by the same kinds of values, for importing Pydantic takes longer than all the rest of a check; whatever is
not recognised goes through the models, and they say what is wrong with it. What is wrong is left out of the spec
(`SPOILT`), so that the rest can still be resolved and its own mistakes be found in the same run.
"""

from __future__ import annotations

from modelspec.diagnostics import Finding
from modelspec.language import TOP_KEYS, VERSION
from modelspec.source import MARK, MAX_FAULTS, Document
from modelspec.spec.model import Budget, Demands, Input, Library, Spec, Variant
from modelspec.spec.reader import Beyond, Loader, NotPlain, Reader

__all__ = ["Budget", "Demands", "Input", "Library", "Loader", "Spec", "Variant", "read"]


def read(document: Document, load: Loader | None = None) -> tuple[Spec | None, list[Finding]]:
    """The spec that a document holds, as far as it is right, and what is wrong with it.

    None when the document is no spec at all, or one of a version that this tool does not speak. `load` reads a file
    that a document imports.
    """
    tree = document.tree
    if not isinstance(tree, dict) or MARK not in tree or tree[MARK].__class__ is not int or tree[MARK] != VERSION:
        from modelspec.spec.version import refuse_version

        return None, [refuse_version(tree)]
    reader = Reader(document, tree, load)
    try:
        try:
            spec = reader.read()
        except NotPlain:
            from modelspec.spec.structure import StructureReader

            reader = StructureReader(document, tree, load)
            spec = reader.read()
    except Beyond as beyond:
        return None, [beyond.finding]
    if reader.sure and not reader.flawed:
        return spec, reader.findings
    from modelspec import schema
    from modelspec.refusal import find_near

    findings = schema.check(tree)
    if "variables" not in tree:
        strange = [key for key in tree if key not in TOP_KEYS][:MAX_FAULTS]
        spec.unread = any(find_near(key, TOP_KEYS) == "variables" for key in strange)
    if not findings:
        raise AssertionError("a document that the schema accepts was not recognised")
    return spec, [*findings, *reader.findings]
