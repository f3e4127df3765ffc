"""Linear layers with a gate."""

from collections.abc import Iterator

from modelspec.layer import Axis, Example, Layer, Size, Takes, Tensor, axes, inferred
from modelspec.shape import Count, Shape, numel


class GatedLinear(Layer):
    """Two affine maps of the last axis, of which one, through a sigmoid, opens and closes the other.

    C1  in_features is the size of the input's last axis.
    C2  The input has at least one axis.

    Source: example_layers.GatedLinear.
    """

    takes = Takes("C2", ("*", "in_features"))
    input_dtype = "float"

    in_features: Size = inferred(axis=-1, constraint="C1")
    out_features: Size
    bias: bool = True

    def output_shape(self, x: Shape) -> Shape:
        return (*x[:-1], self.out_features)

    def list_tensors(self) -> Iterator[Tensor]:
        both = Axis("2 × out_features", 2 * self.out_features)
        yield Tensor("weight", (both, *axes(in_features=self.in_features)))
        if self.bias:
            yield Tensor("bias", (both,))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return 2 * numel(y) * self.in_features

    def parameters_by_hand(self) -> str:
        return f"2 * out_features * {'(in_features + 1)' if self.bias else 'in_features'}"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        rows = "".join(f"output[{axis}] * " for axis in range(len(y) - 1))
        return f"{rows}2 * out_features * in_features"

    examples = (
        Example({"out_features": 10}, input=(5, 16), output=(5, 10), parameters=340, macs=1_600),
        Example({"in_features": 8, "out_features": 10}, input=(16,), breaks="C1", code="MS304"),
        Example({"out_features": 10}, input=(), breaks="C2", code="MS303"),
    )
