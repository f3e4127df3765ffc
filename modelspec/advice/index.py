"""Which rules there are, and what a document must have for one to be looked at.

A rule is loaded when a document has that: the check of a spec without normalisation pays nothing for the rule on them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelspec.advice.facts import Facts
    from modelspec.fitting import Fitted

__all__ = ["DEFAULT", "RULES", "Entry"]


class Entry:
    """A rule: its class, the module that holds it, and whether it is looked at if nothing else is said.

    `may_find` tells of a document's facts whether there is what the rule is about.
    """

    __slots__ = ("by_default", "may_find", "module", "name")

    def __init__(self, name: str, module: str, may_find: Callable[[Facts], bool], *, by_default: bool = True) -> None:
        self.name = name
        self.module = module
        self.by_default = by_default
        self.may_find = may_find


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
LINEAR = PLAIN_CONVOLUTIONS | MAPS
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


def _has_bias(layer: Fitted) -> bool:
    inner = layer.layer
    # Asked at every check: a field is read in no time, and its tensors are not.
    return getattr(inner, "bias", getattr(inner, "use_bias", True)) is not False


def _squashes(layer: Fitted) -> bool:
    name = getattr(layer.layer, "activation", None)
    return layer.layer.type_name() in SQUASHING or (isinstance(name, str) and name.endswith(("softmax", "sigmoid")))


def _squashes_one(layer: Fitted) -> bool:
    return 1 in layer.output_shape and _squashes(layer)


RULES: dict[str, Entry] = {
    "MS601": Entry(
        "BiasBeforeNorm", "bias_before_norm", lambda facts: facts.has_pair(CONVOLUTIONS | MAPS, NORMS, _has_bias)
    ),
    "MS602": Entry("LinearAfterLinear", "linear_after_linear", lambda facts: facts.has_pair(LINEAR, LINEAR)),
    "MS603": Entry("DropoutAtEnd", "dropout_at_end", lambda facts: facts.ends_in(DROPOUTS)),
    "MS604": Entry(
        "DoubleSoftmax",
        "double_softmax",
        lambda facts: (
            facts.has_pair(SQUASHING | ACTIVATED, SQUASHING, _squashes)
            or facts.has(SQUASHING | ACTIVATED, _squashes_one)
        ),
    ),
    "MS605": Entry("UnusedVariable", "unused_variable", lambda facts: "unused variables" in facts.things),
    "MS606": Entry("UnusedBlock", "unused_block", lambda facts: "unused blocks" in facts.things),
    "MS607": Entry("UnusedImport", "unused_import", lambda facts: "unused imports" in facts.things),
    "MS608": Entry("UnreadResult", "unread_result", lambda facts: "wired" in facts.things),
    "MS609": Entry("SpelledOut", "spelled_out", lambda facts: bool(facts.kinds), by_default=False),
    "MS610": Entry("RoomyBudget", "roomy_budget", lambda facts: "budget" in facts.things, by_default=False),
    "MS611": Entry("DominantLayer", "dominant_layer", lambda facts: bool(facts.kinds), by_default=False),
    "MS612": Entry("DroppedEdge", "dropped_edge", lambda facts: facts.has(WINDOWS | POOLS), by_default=False),
    "MS613": Entry("UnevenHeads", "uneven_heads", lambda facts: facts.has(ATTENTION)),
    # Asked when all others have been: see `running`.
    "MS614": Entry("UnusedRemark", "unused_remark", lambda _: False),
}
"""The rules by their codes."""

DEFAULT = frozenset([code for code, entry in RULES.items() if entry.by_default])
"""What is looked at where nothing is selected."""
