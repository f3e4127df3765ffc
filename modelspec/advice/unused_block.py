"""MS606: a block that is not called."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.names import list_unused_blocks
from modelspec.advice.rule import DocumentRule
from modelspec.diagnostics import Finding, Where
from modelspec.spec import Spec

__all__ = ["UnusedBlock"]


class UnusedBlock(DocumentRule):
    """A block in a file with layers, none of which calls it, by whatever way.

    What is in it is never resolved, so that nothing in it is checked.

    Silent in a library, a file without layers: its blocks are for others. There is no certain mend, for another file
    may import the block from this one.
    """

    code = "MS606"

    def find(self, spec: Spec) -> Iterator[Finding]:
        """The blocks that are not called."""
        for block in list_unused_blocks(spec):
            message = f"no layer calls the block '{block.name}', so nothing in it is checked"
            hint = "remove it; if other files import it, move it into a file without layers"
            yield self.tell(Where(block.route, "key"), message, hint)

    VALID = (
        """\
modelspec: 1
input: [8]
blocks:
  inner: {layers: [ReLU]}
  outer: {layers: [{block: inner}]}
  joined: {inputs: [a, b], layers: [{type: Add, inputs: [a, b]}]}
layers:
  - {type: Parallel, branches: [[{block: outer}], [Tanh]], merge: {block: joined}}
""",
        """\
modelspec: 1
blocks:
  inner: {layers: [ReLU]}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [8]
blocks:
  used: {layers: [ReLU]}
  «unused»: {layers: [{block: used}]}
layers: [{block: used}]
""",
    )
