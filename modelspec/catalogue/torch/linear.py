"""torch.nn and transformers: linear layers."""

from collections.abc import Iterator

from modelspec.layer import Broken, Example, Layer, Size, Takes, Tensor, axes, inferred, no_macs, no_tensors, same_shape
from modelspec.shape import Count, Shape, differs, numel, show_dim, show_shape


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


class Conv1D(Layer):
    """Affine map of the last axis, as a linear layer, but with the weight the other way round: y = x W + b.

    C1  nx is the size of the input's last axis.
    C2  The output is the input with its last axis replaced by nf.
    C3  The input has at least one axis.

    Source: transformers.pytorch_utils.Conv1D, of which GPT-2 is made.
    """

    takes = Takes("C3", ("*", "nx"))
    input_dtype = "float"

    nf: Size
    nx: Size = inferred(axis=-1, constraint="C1")

    def output_shape(self, x: Shape) -> Shape:
        return (*x[:-1], self.nf)

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("weight", axes(nx=self.nx, nf=self.nf))
        yield Tensor("bias", axes(nf=self.nf))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return numel(y) * self.nx

    def parameters_by_hand(self) -> str:
        return "(nx + 1) * nf"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        rows = "".join(f"output[{axis}] * " for axis in range(len(y) - 1))
        return f"{rows}nx * nf"

    examples = (
        Example({"nf": 2304}, input=(1024, 768), output=(1024, 2304), parameters=1_771_776, macs=1_811_939_328),
        Example({"nf": 3, "nx": 5}, input=(5,), output=(3,), parameters=18, macs=15),
        Example({"nf": 10, "nx": 256}, input=(7, 512), breaks="C1", code="MS304"),
        Example({"nf": 10}, input=(), breaks="C3", code="MS303"),
    )


class Bilinear(Layer):
    """y = x₁ᵀ A x₂ + b, for the last axes of two inputs whose other axes are the same.

    C1  in1_features is the size of the first input's last axis.
    C2  in2_features is the size of the second input's last axis.
    C3  The inputs have at least one axis.
    C4  The axes of the inputs before the last are the same.

    Source: torch.nn.Bilinear.
    """

    arity = (2, 2)
    input_names = ("input1", "input2")
    takes = (Takes("C3", ("*", "in1_features")), Takes("C3", ("*", "in2_features")))
    input_dtype = "float"

    in1_features: Size = inferred(axis=-1, constraint="C1")
    in2_features: Size = inferred(axis=-1, constraint="C2", input=1)
    out_features: Size
    bias: bool = True

    def constrain(self, x: Shape, z: Shape) -> Iterator[Broken]:
        arrive = f"{show_shape(x)} and {show_shape(z)} arrive"
        if len(x) != len(z):
            hint = "give both as many axes"
            yield Broken("C4", f"{arrive}, with {len(x)} and {len(z)} axes", None, hint, "MS313", -1, 1, (0, -1))
            return
        for axis, (one, other) in enumerate(zip(x[:-1], z[:-1], strict=True)):
            if differs(one, other):
                message = f"{arrive}, which differ before their last axes"
                hint = f"mend what gives {show_dim(one)} or {show_dim(other)}"
                yield Broken("C4", message, None, hint, "MS313", axis, 1, (0, axis))
                return

    def output_shape(self, x: Shape, z: Shape) -> Shape:
        return (*x[:-1], self.out_features)

    def list_tensors(self) -> Iterator[Tensor]:
        sizes = axes(out_features=self.out_features, in1_features=self.in1_features, in2_features=self.in2_features)
        yield Tensor("weight", sizes)
        if self.bias:
            yield Tensor("bias", axes(out_features=self.out_features))

    def count_macs(self, x: Shape, z: Shape, y: Shape) -> Count:
        # x₁ with every matrix of A, then each of the results with x₂.
        return numel(y) * (self.in1_features + 1) * self.in2_features

    def parameters_by_hand(self) -> str:
        weights = "in1_features * in2_features"
        return f"({weights} + 1) * out_features" if self.bias else f"{weights} * out_features"

    def macs_by_hand(self, x: Shape, z: Shape, y: Shape) -> str:
        rows = "".join(f"output[{axis}] * " for axis in range(len(y) - 1))
        return f"{rows}out_features * (in1_features * in2_features + in2_features)"

    examples = (
        Example({"out_features": 40}, inputs=((20,), (30,)), output=(40,), parameters=24_040, macs=25_200),
        Example({"out_features": 2, "bias": False}, inputs=((5, 4), (5, 3)), output=(5, 2), parameters=24, macs=150),
        Example({"in1_features": 3, "out_features": 2}, inputs=((4,), (3,)), breaks="C1", code="MS304"),
        Example({"in2_features": 4, "out_features": 2}, inputs=((4,), (3,)), breaks="C2", code="MS304"),
        Example({"out_features": 2}, inputs=((), (3,)), breaks="C3", code="MS303"),
        Example({"out_features": 2}, inputs=((5, 4), (6, 3)), breaks="C4", code="MS313"),
        Example({"out_features": 2}, inputs=((5, 4), (4,)), breaks="C4", code="MS313"),
    )
