"""keras.layers: attention in which several heads of the query share one of the keys and values."""

from collections.abc import Iterator

from modelspec.catalogue.keras.arguments import (
    ActivityRegularizer,
    Fraction,
    KernelInitializer,
    OptionalBoolean,
    OptionalSize,
    Seed,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
)
from modelspec.catalogue.keras.attention import _Attention
from modelspec.layer import Broken, Example, Size, Takes, Tensor, axes, built
from modelspec.shape import UNKNOWN, Count, Shape, differs, numel


class GroupQueryAttention(_Attention):
    """Several heads of attention, of which groups share keys and values.

    C1  Each input has two axes: length and features.
    C2  num_key_value_heads divides num_query_heads.
    C3  The value has as many features as the query.
    C4  The key is as long as the value.
    C5  flash_attention and a dropout do not go together.
    C6  kernel_initializer and bias_initializer are not null.
    C7  The output is as the query.

    head_dim is for each head. The tensors are named by the projections: query.kernel, key.kernel, gate.kernel,
    value.kernel, attention_output.kernel.

    Source: keras.layers.GroupQueryAttention.
    """

    takes = Takes("C1", ("length", "features"))

    query_features: Size = built(axis=-1)
    value_features: Size = built(axis=-1, input=1)
    key_features: Size = built(axis=-1, input=2)
    head_dim: Size
    num_query_heads: Size
    num_key_value_heads: Size
    dropout: Fraction = 0.0
    use_bias: bool = True
    sliding_window: OptionalSize = None
    flash_attention: OptionalBoolean = None
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: VectorInitializer = "zeros"
    kernel_regularizer: VectorRegularizer = None
    bias_regularizer: VectorRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: WeightConstraint = None
    bias_constraint: WeightConstraint = None
    use_gate: bool = False
    seed: Seed = None

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        if differs(self.num_query_heads % self.num_key_value_heads, 0):
            message = (
                f"num_query_heads is {self.num_query_heads}, which num_key_value_heads, {self.num_key_value_heads}, "
                "does not divide"
            )
            yield Broken("C2", message, "num_key_value_heads", "write a number of heads that divides num_query_heads")
        yield from self._check_same("C3", shapes, (0, 1), (1,), "query and value have as many features")
        if len(shapes) > 2:
            yield from self._check_same("C4", shapes, (1, 2), (0,), "there is a key for each value")
        yield from self._check_settings("C5", "C6", self.dropout, self.flash_attention)

    def output_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def list_tensors(self) -> Iterator[Tensor]:
        query = axes(num_query_heads=self.num_query_heads, head_dim=self.head_dim)
        shared = axes(num_key_value_heads=self.num_key_value_heads, head_dim=self.head_dim)
        width = axes(query_features=self.query_features)
        projections = [
            ("query", width, query),
            ("key", axes(key_features=self.key_features), shared),
            *([("gate", width, query)] if self.use_gate else []),
            ("value", axes(value_features=self.value_features), shared),
            ("attention_output", query, width),
        ]
        for name, taken, given in projections:
            yield Tensor(f"{name}.kernel", (*taken, *given))
            if self.use_bias:
                yield Tensor(f"{name}.bias", given)

    def count_macs(self, query: Shape, value: Shape, *more: Shape) -> Count:
        # Of two lengths that are equal, the one may be known where the other is not.
        kept = next((shape[0] for shape in (value, *more[:-1]) if isinstance(shape[0], int)), value[0])
        projected = query[0] * self.query_features * self.num_query_heads * (2 + self.use_gate)
        projected += kept * (self.key_features + self.value_features) * self.num_key_value_heads
        attended = numel((query[0], kept)) * self.num_query_heads * 2
        return (projected + attended) * self.head_dim

    def parameters_by_hand(self) -> str:
        more = " + 1" if self.use_bias else ""
        read = f"{1 + self.use_gate} * (query_features{more}) * num_query_heads"
        read += f" + (key_features + value_features{' + 2' if self.use_bias else ''}) * num_key_value_heads"
        back = f"(num_query_heads * head_dim{more}) * query_features"
        return f"({read}) * head_dim + {back}"

    def macs_by_hand(self, query: Shape, value: Shape, *more: Shape) -> str:
        kept = "key[0]" if len(more) > 1 and not isinstance(value[0], int) else "value[0]"
        projected = f"{2 + self.use_gate} * query[0] * query_features * num_query_heads"
        shared = f"{kept} * (key_features + value_features) * num_key_value_heads"
        return f"({projected} + {shared} + 2 * query[0] * {kept} * num_query_heads) * head_dim"

    examples = (
        Example(
            {"head_dim": 16, "num_query_heads": 8, "num_key_value_heads": 2},
            inputs=((10, 64), (10, 64)),
            output=(10, 64),
            parameters=20_736,
            macs=230_400,
        ),
        Example(
            {"head_dim": 16, "num_query_heads": 8, "num_key_value_heads": 2},
            inputs=((10, 64), (UNKNOWN, 64), (7, 64)),
            output=(10, 64),
            macs=210_432,
        ),
        Example(
            {"head_dim": 16, "num_query_heads": 8, "num_key_value_heads": 2},
            inputs=((UNKNOWN, 64), (UNKNOWN, 64)),
            parameters=20_736,
        ),
        Example(
            {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 1, "use_gate": True, "use_bias": False},
            inputs=((5, 6), (7, 6), (7, 4)),
            output=(5, 6),
            parameters=246,
            macs=2_130,
        ),
        Example(
            {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 2},
            inputs=((4, 5, 6), (5, 6)),
            breaks="C1",
            code="MS303",
        ),
        Example(
            {"head_dim": 3, "num_query_heads": 3, "num_key_value_heads": 2},
            inputs=((5, 6), (5, 6)),
            breaks="C2",
            code="MS305",
        ),
        Example(
            {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 2},
            inputs=((5, 6), (5, 7)),
            breaks="C3",
            code="MS313",
        ),
        Example(
            {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 2},
            inputs=((5, 6), (4, 6), (3, 6)),
            breaks="C4",
            code="MS313",
        ),
        Example(
            {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 2, "flash_attention": True, "dropout": 0.1},
            inputs=((5, 6), (5, 6)),
            breaks="C5",
            code="MS305",
        ),
        Example(
            {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 2, "bias_initializer": None},
            inputs=((5, 6), (5, 6)),
            breaks="C6",
            code="MS305",
        ),
    )
