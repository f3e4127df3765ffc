"""keras.layers: tables of vectors."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.catalogue.keras.arguments import (
    ActivityRegularizer,
    LoraScale,
    MatrixInitializer,
    NoValue,
    OptionalSize,
    QuantizationConfig,
    Regularizer,
    WeightConstraint,
    check_lora,
)
from modelspec.kinds import Choice, Number, Optional
from modelspec.layer import Broken, Example, Layer, Size, Tensor, axes
from modelspec.shape import Count, Shape

_DTYPES = ("bfloat16", "float16", "float32", "float64")


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

    examples: ClassVar[tuple[Example, ...]] = (
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


class ReversibleEmbedding(Embedding):
    """Table of vectors, which can also be gone through backwards: from vectors to a score for each index.

    C1  The output is the input with an axis of output_dim added at the end.
    C2  lora_rank and embeddings_constraint do not go together.
    C3  lora_rank goes with tie_weights only: Keras makes no second table any more once the first one is frozen.

    A spec goes through it forwards. With tie_weights the way back goes by the same table; without, it has a table of
    its own, which is held here too. lora_rank is as in Embedding.

    Source: keras.layers.ReversibleEmbedding.
    """

    tie_weights: bool = True
    reverse_dtype: Annotated[str | None, Optional(Choice(*_DTYPES))] = None
    logit_soft_cap: Annotated[float | None, Optional(Number())] = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from super().constrain(x)
        if self.lora_rank is not None and not self.tie_weights:
            message = "lora_rank and tie_weights: false do not go together: the first table is frozen when it is built"
            yield Broken("C3", message, "lora_rank", "leave out lora_rank or tie_weights")

    def list_tensors(self) -> Iterator[Tensor]:
        yield from super().list_tensors()
        if not self.tie_weights:
            yield Tensor("reverse_embeddings", axes(output_dim=self.output_dim, input_dim=self.input_dim))

    def parameters_by_hand(self) -> str:
        table = super().parameters_by_hand()
        return table if self.tie_weights else f"{table} + output_dim * input_dim"

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
            {"input_dim": 1000, "output_dim": 64, "tie_weights": False, "logit_soft_cap": 30},
            input=(10,),
            output=(10, 64),
            parameters=128_000,
            macs=0,
            dtype="int64",
        ),
        Example(
            {"input_dim": 10, "output_dim": 4, "lora_rank": 2, "embeddings_constraint": "unit_norm"},
            input=(3,),
            breaks="C2",
            code="MS305",
            dtype="int64",
        ),
        Example(
            {"input_dim": 10, "output_dim": 4, "lora_rank": 2, "tie_weights": False},
            input=(3,),
            breaks="C3",
            code="MS305",
            dtype="int64",
        ),
    )
