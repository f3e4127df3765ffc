"""MS605: a variable that nothing reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from modelspec.advice.names import list_unused_variables
from modelspec.advice.rule import DocumentRule
from modelspec.diagnostics import Edit, Finding
from modelspec.source import MAX_FAULTS
from modelspec.spec import Spec, Variant

__all__ = ["UnusedVariable"]


class UnusedVariable(DocumentRule):
    """A variable of the file, or of a block, that no expression reads.

    Whoever changes it, by hand, in a variant or with `--set`, changes nothing: most likely a number is written out
    where the variable was meant.

    Names in braces, conditions, repeats, shapes, other variables, and blocks of the file read variables, too. Silent
    about the arguments of a block, which callers may give.
    """

    code = "MS605"

    def find(self, spec: Spec) -> Iterator[Finding]:
        """The variables that nothing reads."""
        unused = [*list_unused_variables(spec)]
        count = Counter([where.route[:-1] for where in unused])
        for where in unused[:MAX_FAULTS]:
            *around, name = where.route
            written: Any = spec.document.tree
            for step in around:
                written = written[step]
            # Where nothing is left, the key goes, too.
            route = tuple(around) if count[where.route[:-1]] == len(written) else where.route
            changed = len(around) == 1 and _is_changed(spec, str(name))
            fix = () if changed else (Edit("remove", route),)
            hint = "remove it here and in the variants" if changed else "remove it, or use it where it is meant"
            yield self.tell(where, f"nothing reads the variable '{name}'", hint, fix=fix)

    VALID = (
        """\
modelspec: 1
variables: {width: 16, hidden: 2 * width, deep: true, count: 2, first: 1, seq: null, index_of_tap: 0}
input: [seq, width]
blocks:
  mlp:
    arguments: {out: width}
    variables: {inner: hidden}
    layers: [{type: Linear, out_features: inner}, ReLU, {type: Linear, out_features: out}]
layers:
  - {name: "block_{index + first}", block: mlp, repeat: count}
  - {type: ReLU, when: deep, inputs: "block_{index_of_tap + first}"}
variants:
  small: {variables: {width: 8}}
""",
    )
    INVALID = (
        """\
modelspec: 1
variables: {width: 16, «hidden»: 32}
input: [width]
layers: [{type: Linear, out_features: 32}]
""",
        """\
modelspec: 1
variables: {«width»: 16}
input: [8]
blocks:
  mlp:
    arguments: {width: 16}  # hides that of the file
    layers: [{type: Linear, out_features: width}]
layers: [{block: mlp}]
""",
        """\
modelspec: 1
input: [8]
blocks:
  mlp:
    variables: {inner: 4 * in_features, «outer»: in_features}
    layers: [{type: Linear, out_features: inner}]
layers: [{block: mlp}]
""",
    )


def _is_changed(spec: Spec, name: str) -> bool:
    """Whether a variant gives a variable another value."""
    return any(isinstance(variant, Variant) and name in variant.variables for variant in spec.variants.values())
