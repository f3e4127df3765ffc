"""Which rules there are, and what a document must have for one to be looked at.

A rule is loaded when a document has that: the check of a spec without normalisation pays nothing for the rule on them.
"""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.advice.facts import Facts

__all__ = ["DEFAULT", "RULES", "Entry"]


class Entry(NamedTuple):
    """A rule: its class, the module that holds it, whether it is looked at if nothing else is said, and when.

    It can find something only where there is a layer of one of the types in `kinds`, right after one of those in
    `after`, and one of the `things` (see `Facts`); what is empty asks for nothing.
    """

    name: str
    module: str
    by_default: bool
    kinds: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()

    def may_find(self, facts: Facts) -> bool:
        """Whether a document with these facts has what the rule is about."""
        if self.things and self.things.isdisjoint(facts.things):
            return False
        if self.kinds and self.kinds.isdisjoint(facts.kinds):
            return False
        if not self.after or (facts.mixed and not self.after.isdisjoint(facts.kinds)):
            return True
        return any(one in self.after and other in self.kinds for one, other in facts.pairs)


CONVOLUTIONS = frozenset(
    {
        *("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "DeformConv2d"),
        *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    }
)
MAPS = frozenset({"Linear", "Conv1D", "Dense"})
NORMS = frozenset(
    {
        *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "GroupNorm"),
        *("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "BatchNormalization", "GroupNormalization"),
    }
)

RULES: dict[str, Entry] = {
    "MS601": Entry("BiasBeforeNorm", "bias_before_norm", True, NORMS, CONVOLUTIONS | MAPS),
    "MS614": Entry("UnusedRemark", "unused_remark", True, things=frozenset({"remarks"})),
}
"""The rules by their codes."""

DEFAULT = frozenset([code for code, entry in RULES.items() if entry.by_default])
"""What is looked at where nothing is selected."""
