"""keras.layers: attention of several heads."""

from collections.abc import Iterator
from typing import Annotated, Any

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
from modelspec.catalogue.keras.numbering import check_axes, place_of
from modelspec.catalogue.keras.pairing import refuse_ranks
from modelspec.kinds import Integer, ListOf, Optional
from modelspec.layer import Axis, Broken, Example, Size, Takes, Tensor, axes, built
from modelspec.shape import UNKNOWN, Count, Shape, numel, show_shape

_AttentionAxes = Annotated[
    tuple[int, ...] | None, Optional(ListOf(Integer(words="the number of an axis"), minimum=1, single=True))
]
_OutputShape = Annotated[tuple[int, ...] | None, Optional(ListOf(Integer(1), minimum=1, single=True))]


class MultiHeadAttention(_Attention):
    """Several heads of attention: query, keys and values projected, and what each head reads projected back.

    C1  Each input has at least two axes; the last one is the features.
    C2  The inputs have as many axes, each as the others.
    C3  The key is as the value, but for the features.
    C4  The query is as the value, but for the axes that are attended over and the features.
    C5  attention_axes, in which 0 is the batch, are axes of the samples, different ones, and not the features.
    C6  flash_attention and a dropout do not go together.
    C7  kernel_initializer and bias_initializer are not null.
    C8  sliding_window is for attention over the first axis alone.
    C9  The output has the axes of the query, with output_shape in place of the features where it is given.

    Attention is over all axes but the features where attention_axes is null; key_dim and value_dim are for each head.
    The tensors are named by the projections: query.kernel, key.kernel, gate.kernel, value.kernel,
    attention_output.kernel.

    Source: keras.layers.MultiHeadAttention.
    """

    takes = Takes("C1", ("*", "length", "features"))

    query_features: Size = built(axis=-1)
    value_features: Size = built(axis=-1, input=1)
    key_features: Size = built(axis=-1, input=2)
    num_heads: Size
    key_dim: Size
    value_dim: OptionalSize = None
    dropout: Fraction = 0.0
    use_bias: bool = True
    # The argument has the name of a method, which is why `outputs` does its work here.
    output_shape: _OutputShape = None  # type: ignore[assignment]
    attention_axes: _AttentionAxes = None
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

    def constrain(self, query: Shape, *others: Shape) -> Iterator[Broken]:
        shapes = (query, *others)
        ranks = refuse_ranks(self, "C2", shapes)
        broken = [*([ranks] if ranks else []), *self._check_axes(query)]
        yield from broken
        if not broken:
            # A key that differs from the value differs from the query too, which is then not told once more.
            places = tuple(range(len(query) - 1))
            if len(shapes) > 2:
                what = "a key stands for each value: only their features may differ"
                broken = list(self._check_same("C3", shapes, (1, 2), places, what))
            kept = tuple([axis for axis in places if axis not in self._attended(query)])
            what = "on the axes that are not attended over, query and value are alike"
            yield from broken or self._check_same("C4", shapes, (0, 1), kept, what)
        yield from self._check_settings("C6", "C7", self.dropout, self.flash_attention)

    def _check_axes(self, x: Shape) -> Iterator[Broken]:
        named = self.attention_axes
        if named is not None:
            broken = [
                problem._replace(field="attention_axes")
                for problem in check_axes("C5", "C5", named, x, "which is not attended over")
            ]
            yield from broken
            if not broken and len(x) - 1 in self._attended(x):
                message = f"attention_axes names the last axis of {show_shape(x)}, the features"
                hint = "write 1, or leave it out" if len(x) == 2 else f"name axes from 1 to {len(x) - 1}"
                yield Broken("C5", message, "attention_axes", hint, "MS309")
            if broken:
                return
        if self.sliding_window is not None and self._attended(x) != (0,):
            message = (
                f"sliding_window is for attention over the first axis alone, not over {len(self._attended(x))} axes"
            )
            if len(self._attended(x)) == 1:
                message = "sliding_window is for attention over the first axis alone, not over another"
            yield Broken("C8", message, "sliding_window", "write attention_axes: 1, or leave sliding_window out")

    def _attended(self, x: Shape) -> tuple[int, ...]:
        """The places of the axes that are attended over."""
        if self.attention_axes is None:
            return tuple(range(len(x) - 1))
        return tuple([place_of(axis, x) for axis in self.attention_axes])

    def outputs(self, *shapes: Shape) -> dict[str, Shape]:
        given: Any = self.__dict__["output_shape"]
        return {"output": shapes[0] if given is None else (*shapes[0][:-1], *given)}

    def _wide(self) -> Any:
        return self.key_dim if self.value_dim is None else self.value_dim

    def _result(self) -> tuple[Axis, ...]:
        given: Any = self.__dict__["output_shape"]
        if given is None:
            return axes(query_features=self.query_features)
        return tuple([Axis(f"output_shape[{at}]", size) for at, size in enumerate(given)])

    def list_tensors(self) -> Iterator[Tensor]:
        heads = axes(num_heads=self.num_heads)
        key = (*heads, *axes(key_dim=self.key_dim))
        value = (*heads, Axis("key_dim" if self.value_dim is None else "value_dim", self._wide()))
        query = axes(query_features=self.query_features)
        projections = [
            ("query", query, key),
            ("key", axes(key_features=self.key_features), key),
            *([("gate", query, value)] if self.use_gate else []),
            ("value", axes(value_features=self.value_features), value),
            ("attention_output", value, self._result()),
        ]
        for name, taken, given in projections:
            yield Tensor(f"{name}.kernel", (*taken, *given))
            if self.use_bias:
                yield Tensor(f"{name}.bias", given)

    def count_macs(self, query: Shape, value: Shape, *more: Shape) -> Count:
        wide, rows, kept = self._wide(), numel(query[:-1]), numel(value[:-1])
        attended = numel([value[axis] for axis in self._attended(value)])
        projected = rows * self.query_features * (self.key_dim + wide * self.use_gate)
        projected += kept * (self.key_features * self.key_dim + self.value_features * wide)
        given = numel([axis.size for axis in self._result()])
        macs: Count = self.num_heads * (projected + rows * attended * (self.key_dim + wide) + rows * wide * given)
        return macs

    def _name_wide(self) -> str:
        return "key_dim" if self.value_dim is None else "value_dim"

    def parameters_by_hand(self) -> str:
        more = " + 1" if self.use_bias else ""
        wide, given = self._name_wide(), " * ".join(axis.name for axis in self._result())
        read = f"(query_features{more}) * key_dim + (key_features{more}) * key_dim + (value_features{more}) * {wide}"
        if self.use_gate:
            read += f" + (query_features{more}) * {wide}"
        return f"num_heads * ({read}) + (num_heads * {wide}{more}) * {given}"

    def macs_by_hand(self, query: Shape, value: Shape, *more: Shape) -> str:
        wide, given = self._name_wide(), " * ".join(axis.name for axis in self._result())
        rows = " * ".join(f"query[{axis}]" for axis in range(len(query) - 1))
        kept = " * ".join(f"value[{axis}]" for axis in range(len(value) - 1))
        attended = " * ".join(f"value[{axis}]" for axis in self._attended(value))
        read = f"key_dim + {wide}" if self.use_gate else "key_dim"
        projected = f"{rows} * query_features * ({read}) + {kept} * (key_features * key_dim + value_features * {wide})"
        return f"num_heads * ({projected} + {rows} * {attended} * (key_dim + {wide}) + {rows} * {wide} * {given})"

    examples = (
        Example(
            {"num_heads": 8, "key_dim": 64},
            inputs=((10, 64), (10, 64)),
            output=(10, 64),
            parameters=132_672,
            macs=1_413_120,
        ),
        Example({"num_heads": 8, "key_dim": 64}, inputs=((UNKNOWN, 64), (UNKNOWN, 64)), parameters=132_672),
        Example(
            {"num_heads": 2, "key_dim": 3, "value_dim": 5, "output_shape": [4, 3], "use_gate": True},
            inputs=((5, 6), (7, 8), (7, 4)),
            output=(5, 4, 3),
            parameters=364,
            macs=2_368,
        ),
        Example(
            {"num_heads": 2, "key_dim": 3, "attention_axes": 2, "use_bias": False},
            inputs=((5, 6, 7), (5, 3, 7)),
            output=(5, 6, 7),
            parameters=168,
            macs=4_860,
        ),
        Example(
            {"num_heads": 2, "key_dim": 3, "sliding_window": 2},
            inputs=((5, 6), (5, 6)),
            output=(5, 6),
            parameters=168,
            macs=1_020,
        ),
        Example({"num_heads": 2, "key_dim": 3}, inputs=((5,), (5,)), breaks="C1", code="MS303"),
        Example({"num_heads": 2, "key_dim": 3}, inputs=((5, 6), (4, 5, 6)), breaks="C2", code="MS313"),
        Example({"num_heads": 2, "key_dim": 3}, inputs=((5, 6), (4, 6), (3, 6)), breaks="C3", code="MS313"),
        Example(
            {"num_heads": 2, "key_dim": 3, "attention_axes": [2]},
            inputs=((5, 6, 7), (4, 6, 7)),
            breaks="C4",
            code="MS313",
        ),
        Example(
            {"num_heads": 2, "key_dim": 3, "attention_axes": [0]}, inputs=((5, 6), (5, 6)), breaks="C5", code="MS309"
        ),
        Example(
            {"num_heads": 2, "key_dim": 3, "attention_axes": [-1]}, inputs=((5, 6), (5, 6)), breaks="C5", code="MS309"
        ),
        Example(
            {"num_heads": 2, "key_dim": 3, "flash_attention": True, "dropout": 0.1},
            inputs=((5, 6), (5, 6)),
            breaks="C6",
            code="MS305",
        ),
        Example(
            {"num_heads": 2, "key_dim": 3, "kernel_initializer": None},
            inputs=((5, 6), (5, 6)),
            breaks="C7",
            code="MS305",
        ),
        Example(
            {"num_heads": 2, "key_dim": 3, "attention_axes": 2, "sliding_window": 2},
            inputs=((5, 5, 6), (5, 5, 6)),
            breaks="C8",
            code="MS305",
        ),
        Example(
            {"num_heads": 2, "key_dim": 3, "sliding_window": 2},
            inputs=((4, 5, 6), (4, 5, 6)),
            breaks="C8",
            code="MS305",
        ),
    )
