"""torch.nn: linear layers."""

from collections.abc import Iterator

from modelspec.layer import Example, Layer, Size, Takes, Tensor, axes, inferred, no_macs, no_tensors, same_shape
from modelspec.shape import Count, Shape, numel


class Identity(Layer):
    """x itself.

    Source: torch.nn.Identity. Its constructor ignores whatever arguments it is given; here it has none.
    """

    result = "view"

    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape

    examples = (
        Example({}, input=(3, 8, 8), output=(3, 8, 8), parameters=0, macs=0),
        Example({}, input=(), output=(), dtype="int64"),
    )


class Linear(Layer):
    """Affine map of the last axis: y = x Wᵀ + b.

    C1  in_features is the size of the input's last axis.
    C2  The output is the input with its last axis replaced by out_features.
    C3  The input has at least one axis.

    Source: torch.nn.Linear.
    """

    takes = Takes("C3", ("*", "in_features"))
    input_dtype = "float"

    in_features: Size = inferred(axis=-1, constraint="C1")
    out_features: Size
    bias: bool = True

    def output_shape(self, x: Shape) -> Shape:
        return (*x[:-1], self.out_features)

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("weight", axes(out_features=self.out_features, in_features=self.in_features))
        if self.bias:
            yield Tensor("bias", axes(out_features=self.out_features))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return numel(y) * self.in_features

    def parameters_by_hand(self) -> str:
        return "(in_features + 1) * out_features" if self.bias else "in_features * out_features"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        rows = "".join(f"output[{axis}] * " for axis in range(len(y) - 1))
        return f"{rows}in_features * out_features"

    examples = (
        Example({"out_features": 10}, input=(512,), output=(10,), parameters=5_130, macs=5_120),
        Example({"out_features": 16, "bias": False}, input=(5, 16), output=(5, 16), parameters=256, macs=1_280),
        Example({"in_features": 256, "out_features": 10}, input=(512,), breaks="C1", code="MS304"),
        Example({"out_features": 10}, input=(), breaks="C3", code="MS303"),
    )
