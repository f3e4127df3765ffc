"""keras.layers: the core layers."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    LoraScale,
    MatrixInitializer,
    OptionalSize,
    QuantizationConfig,
    Regularizer,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
    check_lora,
)
from modelspec.kinds import Number
from modelspec.layer import (
    Broken,
    Example,
    Layer,
    Size,
    Takes,
    Tensor,
    axes,
    built,
    no_macs,
    no_tensors,
    same_shape,
)
from modelspec.shape import UNKNOWN, Count, Shape, numel


class Dense(Layer):
    """Affine map of the last axis: y = activation(x W + b).

    C1  The input has at least one axis.
    C2  The output is the input with its last axis replaced by units.
    C3  lora_rank and kernel_constraint do not go together.

    With lora_rank the kernel is frozen, and two trainable factors of that rank, float32 whatever the dtype, are
    multiplied and added to it in every forward pass.

    Source: keras.layers.Dense.
    """

    takes = Takes("C1", ("*", "features"))
    input_dtype = "float"

    features: Size = built(axis=-1)
    units: Size
    activation: ActivationFunction = None
    use_bias: bool = True
    kernel_initializer: MatrixInitializer = "glorot_uniform"
    bias_initializer: VectorInitializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: VectorRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: WeightConstraint = None
    bias_constraint: WeightConstraint = None
    lora_rank: OptionalSize = None
    lora_alpha: LoraScale = None
    quantization_config: QuantizationConfig = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from check_lora("C3", self.lora_rank, self.kernel_constraint, "kernel_constraint")

    def output_shape(self, x: Shape) -> Shape:
        return (*x[:-1], self.units)

    def list_tensors(self) -> Iterator[Tensor]:
        rank = self.lora_rank
        yield Tensor("kernel", axes(features=self.features, units=self.units), trainable=rank is None)
        if self.use_bias:
            yield Tensor("bias", axes(units=self.units))
        if rank is not None:
            yield Tensor("lora_kernel_a", axes(features=self.features, lora_rank=rank), dtype="float32")
            yield Tensor("lora_kernel_b", axes(lora_rank=rank, units=self.units), dtype="float32")

    def count_macs(self, x: Shape, y: Shape) -> Count:
        macs = numel(y) * self.features
        return macs if self.lora_rank is None else macs + self.features * self.lora_rank * self.units

    def parameters_by_hand(self) -> str:
        affine = "(features + 1) * units" if self.use_bias else "features * units"
        return affine if self.lora_rank is None else f"{affine} + (features + units) * lora_rank"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        rows = "".join(f"output[{axis}] * " for axis in range(len(y) - 1))
        product = f"{rows}features * units"
        return product if self.lora_rank is None else f"{product} + features * lora_rank * units"

    examples = (
        Example({"units": 5}, input=(3,), output=(5,), parameters=20, macs=15),
        Example({"units": 29, "activation": "softmax"}, input=(250,), output=(29,), parameters=7_279, macs=7_250),
        Example({"units": 16, "use_bias": False}, input=(5, 16), output=(5, 16), parameters=256, macs=1_280),
        Example(
            {"units": 5, "bias_initializer": {"class_name": "Constant", "config": {"value": 0.1}}},
            input=(3,),
            output=(5,),
            parameters=20,
            macs=15,
        ),
        Example({"units": 5, "lora_rank": 2}, input=(3,), output=(5,), parameters=36, macs=45),
        Example({"units": 5}, input=(), breaks="C1", code="MS303"),
        Example({"units": 5, "lora_rank": 2, "kernel_constraint": "max_norm"}, input=(3,), breaks="C3", code="MS305"),
    )


class Masking(Layer):
    """The steps whose features are all mask_value, set to 0 and hidden from the layers that follow.

    C1  The input has at least one axis: the last one is compared.

    Source: keras.layers.Masking.
    """

    takes = Takes("C1", ("*", "features"))

    mask_value: Annotated[float, Number()] = 0.0
    activity_regularizer: ActivityRegularizer = None

    output_shape = same_shape

    list_tensors = no_tensors
    count_macs = no_macs

    examples = (
        Example({}, input=(10, 64), output=(10, 64), parameters=0, macs=0),
        Example({"mask_value": -1}, input=(UNKNOWN, 64), parameters=0, macs=0),
        Example({}, input=(), breaks="C1", code="MS303"),
    )


class Identity(Layer):
    """What arrives, as it is.

    Source: keras.layers.Identity.
    """

    result = "view"

    activity_regularizer: ActivityRegularizer = None

    output_shape = same_shape

    list_tensors = no_tensors
    count_macs = no_macs

    examples = (
        Example({}, input=(10, 64), output=(10, 64), parameters=0, macs=0),
        Example({}, input=(), output=(), parameters=0, macs=0, dtype="int64"),
    )
