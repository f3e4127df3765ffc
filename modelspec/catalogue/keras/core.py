"""keras.layers: the core layers."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    LoraScale,
    MatrixInitializer,
    NoValue,
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


class Embedding(Layer):
    """Table of vectors: each index becomes its row.

    C1  The output is the input with an axis of output_dim added at the end.
    C2  lora_rank and embeddings_constraint do not go together.

    With lora_rank the table is frozen, and two trainable factors of that rank, float32 whatever the dtype, are
    multiplied and added to it in every forward pass. A look-up costs no MACs. input_length is accepted, as Keras does
    for older files, and has no effect.

    Source: keras.layers.Embedding.
    """

    input_dtype = "integer"

    input_dim: Size
    output_dim: Size
    embeddings_initializer: MatrixInitializer = "uniform"
    embeddings_regularizer: Regularizer = None
    embeddings_constraint: WeightConstraint = None
    mask_zero: bool = False
    weights: NoValue = None
    lora_rank: OptionalSize = None
    lora_alpha: LoraScale = None
    quantization_config: QuantizationConfig = None
    input_length: OptionalSize = None
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from check_lora("C2", self.lora_rank, self.embeddings_constraint, "embeddings_constraint")

    def output_shape(self, x: Shape) -> Shape:
        return (*x, self.output_dim)

    def list_tensors(self) -> Iterator[Tensor]:
        rank = self.lora_rank
        table = axes(input_dim=self.input_dim, output_dim=self.output_dim)
        yield Tensor("embeddings", table, trainable=rank is None)
        if rank is not None:
            yield Tensor("lora_embeddings_a", axes(input_dim=self.input_dim, lora_rank=rank), dtype="float32")
            yield Tensor("lora_embeddings_b", axes(lora_rank=rank, output_dim=self.output_dim), dtype="float32")

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return 0 if self.lora_rank is None else self.input_dim * self.lora_rank * self.output_dim

    def parameters_by_hand(self) -> str:
        table = "input_dim * output_dim"
        return table if self.lora_rank is None else f"{table} + (input_dim + output_dim) * lora_rank"

    def macs_by_hand(self, x: Shape, y: Shape) -> str | None:
        return None if self.lora_rank is None else "input_dim * lora_rank * output_dim"

    examples = (
        Example(
            {"input_dim": 1000, "output_dim": 64},
            input=(10,),
            output=(10, 64),
            parameters=64_000,
            macs=0,
            dtype="int64",
        ),
        Example(
            {"input_dim": 1000, "output_dim": 64, "mask_zero": True},
            input=(),
            output=(64,),
            parameters=64_000,
            macs=0,
            dtype="int32",
        ),
        Example(
            {"input_dim": 10, "output_dim": 4, "lora_rank": 2},
            input=(3,),
            output=(3, 4),
            parameters=68,
            macs=80,
            dtype="int64",
        ),
        Example(
            {"input_dim": 10, "output_dim": 4, "lora_rank": 2, "embeddings_constraint": "unit_norm"},
            input=(3,),
            breaks="C2",
            code="MS305",
            dtype="int64",
        ),
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
