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

PLAIN_CONVOLUTIONS = frozenset({"Conv1d", "Conv2d", "Conv3d", "Conv1D", "Conv2D", "Conv3D"})
WINDOWS = PLAIN_CONVOLUTIONS | {"DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"}
POOLS = frozenset(
    {
        *("MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d"),
        *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
    }
)
DROPOUTS = frozenset(
    {
        *("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"),
        *("GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    }
)
SQUASHING = frozenset(
    {
        *("Softmax", "Softmin", "Softmax2d", "LogSoftmax", "Sigmoid", "Hardsigmoid", "LogSigmoid", "Activation"),
    }
)
ACTIVATED = frozenset({"Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"})
"""Keras's layers that may apply a softmax themselves."""
ATTENTION = frozenset({"MultiHeadAttention", "GroupedQueryAttention", "ScaledDotProductAttention"})


def _things(*names: str) -> frozenset[str]:
    return frozenset(names)


RULES: dict[str, Entry] = {
    "MS601": Entry("BiasBeforeNorm", "bias_before_norm", True, NORMS, CONVOLUTIONS | MAPS),
    "MS602": Entry(
        "LinearAfterLinear", "linear_after_linear", True, MAPS | PLAIN_CONVOLUTIONS, MAPS | PLAIN_CONVOLUTIONS
    ),
    "MS603": Entry("DropoutAtEnd", "dropout_at_end", True, DROPOUTS),
    "MS604": Entry("DoubleSoftmax", "double_softmax", True, SQUASHING | ACTIVATED),
    "MS605": Entry("UnusedVariable", "unused_variable", True, things=_things("unused variables")),
    "MS606": Entry("UnusedBlock", "unused_block", True, things=_things("unused blocks")),
    "MS607": Entry("UnusedImport", "unused_import", True, things=_things("unused imports")),
    "MS608": Entry("UnreadResult", "unread_result", True, things=_things("wired")),
    "MS609": Entry("SpelledOut", "spelled_out", False),
    "MS610": Entry("RoomyBudget", "roomy_budget", False, things=_things("budget")),
    "MS611": Entry("DominantLayer", "dominant_layer", False),
    "MS612": Entry("DroppedEdge", "dropped_edge", False, WINDOWS | POOLS),
    "MS613": Entry("UnevenHeads", "uneven_heads", True, ATTENTION),
    "MS614": Entry("UnusedRemark", "unused_remark", True, things=_things("remarks")),
}
"""The rules by their codes."""

DEFAULT = frozenset([code for code, entry in RULES.items() if entry.by_default])
"""What is looked at where nothing is selected."""
