"""Which rules there are, and what a document must have for one to be looked at.

A rule is loaded when a document has that: the check of a spec without normalisation pays nothing for the rule on them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelspec.fitting import Fitted
    from modelspec.layer import Layer

__all__ = ["DEFAULT", "RULES", "Ending", "Entry", "Layers", "Pair"]


class Layers:
    """There is a layer of these types of which this holds.

    The types go by their names, or by what holds of their classes; None are all.
    """

    __slots__ = ("holds", "kinds")

    def __init__(
        self,
        kinds: frozenset[str] | Callable[[type[Layer]], bool] | None,
        holds: Callable[[Fitted], bool] | None = None,
    ) -> None:
        self.kinds = kinds
        self.holds = holds

    def takes(self, kind: type[Layer]) -> bool:
        """Whether layers of a class are among them."""
        if self.kinds is None or isinstance(self.kinds, frozenset):
            return self.kinds is None or kind.type_name() in self.kinds
        return self.kinds(kind)


class Pair:
    """There may be a layer of the second types right after one of the first, of which this holds."""

    __slots__ = ("first", "holds", "second")

    def __init__(
        self, first: frozenset[str], second: frozenset[str], holds: Callable[[Fitted], bool] | None = None
    ) -> None:
        self.first = first
        self.second = second
        self.holds = holds


class Ending:
    """A layer of these types may give a result of a model."""

    __slots__ = ("kinds",)

    def __init__(self, kinds: frozenset[str]) -> None:
        self.kinds = kinds


class Entry:
    """A rule: its class, the module that holds it, and whether it is looked at if nothing else is said.

    It may find something where one of the things that it is `about` is there: a string is one of `facts.THINGS`.
    """

    __slots__ = ("about", "by_default", "module", "name")

    def __init__(self, name: str, module: str, *about: Layers | Pair | Ending | str, by_default: bool = True) -> None:
        self.name = name
        self.module = module
        self.about = about
        self.by_default = by_default


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
    # Asked at every check: a field is read in no time, and its tensors are not.
    fields = layer.layer.__dict__
    return fields.get("bias", fields.get("use_bias")) is not False


def _squashes(layer: Fitted) -> bool:
    name = getattr(layer.layer, "activation", None)
    return layer.layer.type_name() in SQUASHING or (isinstance(name, str) and name.endswith(("softmax", "sigmoid")))


def _reads_nothing(kind: type[Layer]) -> bool:
    return kind.arity[1] == 0


def _squashes_one(layer: Fitted) -> bool:
    return 1 in layer.output_shape and _squashes(layer)


RULES: dict[str, Entry] = {
    "MS601": Entry("BiasBeforeNorm", "bias_before_norm", Pair(CONVOLUTIONS | MAPS, NORMS, _has_bias)),
    "MS602": Entry("LinearAfterLinear", "linear_after_linear", Pair(LINEAR, LINEAR)),
    "MS603": Entry("DropoutAtEnd", "dropout_at_end", Ending(DROPOUTS)),
    "MS604": Entry(
        "DoubleSoftmax",
        "double_softmax",
        Pair(SQUASHING | ACTIVATED, SQUASHING, _squashes),
        Layers(SQUASHING | ACTIVATED, _squashes_one),
    ),
    "MS605": Entry("UnusedVariable", "unused_variable", "unused variables"),
    "MS606": Entry("UnusedBlock", "unused_block", "unused blocks"),
    "MS607": Entry("UnusedImport", "unused_import", "unused imports"),
    "MS608": Entry("UnreadResult", "unread_result", "wires", Layers(_reads_nothing)),
    "MS609": Entry("SpelledOut", "spelled_out", Layers(None), by_default=False),
    "MS610": Entry("RoomyBudget", "roomy_budget", "budget", by_default=False),
    "MS611": Entry("DominantLayer", "dominant_layer", Layers(None), by_default=False),
    "MS612": Entry("DroppedEdge", "dropped_edge", Layers(WINDOWS | POOLS), by_default=False),
    "MS613": Entry("UnevenHeads", "uneven_heads", Layers(ATTENTION)),
    # Asked when all others have been: see `running`.
    "MS614": Entry("UnusedRemark", "unused_remark"),
}
"""The rules by their codes."""

DEFAULT = frozenset([code for code, entry in RULES.items() if entry.by_default])
"""What is looked at where nothing is selected."""
