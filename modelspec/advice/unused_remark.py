"""MS614: a comment that ignores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelspec.advice.index import RULES
from modelspec.advice.rule import RemarkRule
from modelspec.diagnostics import CODES, Finding, Place
from modelspec.spec import Spec

__all__ = ["UnusedRemark"]


class UnusedRemark(RemarkRule):
    """`# modelspec: ignore` on a line on which there is nothing to ignore, or with a code that is not that of advice.

    What it was written for has been mended or has moved away, and the next thing to go wrong there would go unseen.

    Silent about advice that is not selected, in libraries, whose layers are known only where they are used, and where
    only some of a file's variants are looked at.
    """

    code = "MS614"

    def find(self, spec: Spec, unused: Iterable[tuple[Place, str | None]]) -> Iterator[Finding]:
        """Each such comment, or code in one."""
        for place, code in unused:
            hint = "remove it"
            if code is None:
                message = "this comment ignores nothing: there is no advice on this line"
            elif code in RULES:
                message = f"there is no {code} on this line to ignore"
            elif code in CODES:
                message = f"{code} is not advice, and cannot be ignored"
                hint = "remove it, and mend what is told; what is wrong today, a baseline can accept"
            else:
                message, hint = f"there is no advice {code}", "advice has the codes MS601 and up"
            yield self.tell(place, message, hint)

    VALID = (
        """\
modelspec: 1
input: [3, 8, 8]
layers:
  - {type: Conv2d, out_channels: 4, kernel_size: 3}  # modelspec: ignore MS601 (the checkpoint has it)
  - BatchNorm2d
  - type: Conv2d  # modelspec: ignore
    out_channels: 4
    kernel_size: 3
    bias: true
  - BatchNorm2d
metadata: {note: "# modelspec: ignore MS601"}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [3, 8, 8]
layers:
  - {type: Conv2d, out_channels: 4, kernel_size: 3, bias: false}  # modelspec: ignore «MS601»
  - BatchNorm2d
""",
        """\
modelspec: 1
input: [8]
layers:
  - ReLU  «# modelspec: ignore»  # nothing to see here
""",
        """\
modelspec: 1
input: [8]
layers:
  - {type: Linear, out_features: 4}  # modelspec: ignore MS601, «MS304»
  - BatchNorm1d
""",
    )
