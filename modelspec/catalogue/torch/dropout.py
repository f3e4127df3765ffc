"""torch.nn and torchvision.ops: what is dropped at random in training."""

from typing import Annotated, ClassVar

from modelspec.kinds import Choice, Number
from modelspec.layer import Example, Layer, Probability, Size, Takes, no_macs, no_tensors, same_shape


class _Dropping(Layer):
    result = "view"

    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape


class _Dropout(_Dropping):
    p: Probability = 0.5
    inplace: bool = False

    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, input=(32,), output=(32,), parameters=0, macs=0),
        Example({"p": 0.2, "inplace": True}, input=(16, 8, 8), output=(16, 8, 8)),
        Example({"p": 1}, input=(), output=(), dtype="int64"),
    )


class Dropout(_Dropout):
    """In training, each value set to 0 with probability p; in evaluation the identity.

    Source: torch.nn.Dropout.
    """


class Dropout1d(_Dropout):
    """In training, each channel set to 0 as a whole with probability p; in evaluation the identity.

    C1  The input has two axes: channels and length.

    Source: torch.nn.Dropout1d.
    """

    takes = Takes("C1", ("channels", "length"))

    examples = (
        Example({}, input=(32, 8), output=(32, 8), parameters=0, macs=0),
        Example({"p": 0.2, "inplace": True}, input=(16, 8), output=(16, 8)),
        Example({}, input=(16, 8, 8), breaks="C1", code="MS303"),
    )


class Dropout2d(_Dropout):
    """In training, each channel set to 0 as a whole with probability p; in evaluation the identity.

    Source: torch.nn.Dropout2d. Meant for channels, height and width; other samples are taken too.
    """


class Dropout3d(_Dropout):
    """In training, each channel set to 0 as a whole with probability p; in evaluation the identity.

    Source: torch.nn.Dropout3d. Meant for channels, depth, height and width; other samples are taken too.
    """


class AlphaDropout(_Dropout):
    """In training, each value set to what SELU has at its far left, with probability p; in evaluation the identity.

    Source: torch.nn.AlphaDropout.
    """


class FeatureAlphaDropout(_Dropout):
    """In training, each channel set to what SELU has at its far left, with probability p; in evaluation the identity.

    Source: torch.nn.FeatureAlphaDropout.
    """


class StochasticDepth(_Dropping):
    """In training, all that arrives set to 0 with probability p, by sample or by batch; in evaluation the identity.

    Source: torchvision.ops.StochasticDepth.
    """

    p: Probability
    mode: Annotated[str, Choice("batch", "row")]

    examples = (
        Example({"p": 0.2, "mode": "row"}, input=(32, 7, 7), output=(32, 7, 7), parameters=0, macs=0),
        Example({"p": 0, "mode": "batch"}, input=(), output=(), dtype="int64"),
    )


class _DropBlock(_Dropping):
    p: Probability
    block_size: Size
    inplace: bool = False
    eps: Annotated[float, Number(0)] = 1e-6


class DropBlock2d(_DropBlock):
    """In training, blocks of a plane set to 0, so that p of all values are in one; in evaluation the identity.

    C1  The input has three axes: channels, height and width.

    Source: torchvision.ops.DropBlock2d.
    """

    takes = Takes("C1", ("channels", "height", "width"))

    examples = (
        Example({"p": 0.1, "block_size": 7}, input=(32, 28, 28), output=(32, 28, 28), parameters=0, macs=0),
        Example({"p": 1, "block_size": 3, "inplace": True, "eps": 0}, input=(4, 5, 6), output=(4, 5, 6)),
        Example({"p": 0.1, "block_size": 7}, input=(28, 28), breaks="C1", code="MS303"),
    )


class DropBlock3d(_DropBlock):
    """In training, blocks of a volume set to 0, so that p of all values are in one; in evaluation the identity.

    C1  The input has four axes: channels, depth, height and width.

    Source: torchvision.ops.DropBlock3d.
    """

    takes = Takes("C1", ("channels", "depth", "height", "width"))

    examples = (
        Example({"p": 0.1, "block_size": 3}, input=(32, 8, 9, 9), output=(32, 8, 9, 9), parameters=0, macs=0),
        Example({"p": 0, "block_size": 1, "inplace": True}, input=(4, 5, 6, 7), output=(4, 5, 6, 7)),
        Example({"p": 0.1, "block_size": 3}, input=(8, 28, 28), breaks="C1", code="MS303"),
    )
