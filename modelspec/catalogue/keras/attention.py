"""keras.layers: attention."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from modelspec.catalogue.keras.arguments import (
    ActivityRegularizer,
    Fraction,
    KernelInitializer,
    OptionalSize,
    Seed,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
)
from modelspec.catalogue.keras.numbering import check_axes, place_of
from modelspec.catalogue.keras.pairing import refuse_axes, refuse_ranks
from modelspec.kinds import Boolean, Choice, Integer, ListOf, Optional
from modelspec.layer import Axis, Broken, Example, Layer, Size, Takes, Tensor, axes, built
from modelspec.shape import UNKNOWN, Count, Shape, Unknown, differs, numel, show_shape

_AttentionAxes = Annotated[
    tuple[int, ...] | None, Optional(ListOf(Integer(words="the number of an axis"), minimum=1, single=True))
]
_OutputShape = Annotated[tuple[int, ...] | None, Optional(ListOf(Integer(1), minimum=1, single=True))]
_OptionalBoolean = Annotated[bool | None, Optional(Boolean())]


class _Attention(Layer):
    """Attention of a query to values, by keys; without a key, the values are the keys, too."""

    arity: ClassVar[tuple[int, int | None]] = (2, 3)
    input_names = ("query", "value", "key")
    input_dtype = "float"

    def _check_same(
        self, number: str, shapes: tuple[Shape, ...], inputs: tuple[int, int], places: tuple[int, ...], what: str
    ) -> Iterator[Broken]:
        """Two inputs agree on these axes."""
        one, other = inputs
        for axis in places:
            if differs(shapes[one][axis], shapes[other][axis]):
                yield refuse_axes(self, number, shapes, (other, axis), (one, axis), what)
                return


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
    flash_attention: _OptionalBoolean = None
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
        ranks = refuse_ranks(self, "C2", shapes)
        broken = [*([ranks] if ranks else []), *self._check_axes(shapes[0])]
        yield from broken
        if not broken:
            # A key that differs from the value differs from the query too, which is then not told once more.
            places = tuple(range(len(shapes[0]) - 1))
            if len(shapes) > 2:
                what = "a key stands for each value: only their features may differ"
                broken = list(self._check_same("C3", shapes, (1, 2), places, what))
            kept = tuple([axis for axis in places if axis not in self._attended(shapes[0])])
            what = "on the axes that are not attended over, query and value are alike"
            yield from broken or self._check_same("C4", shapes, (0, 1), kept, what)
        if self.flash_attention and self.dropout:
            message = "flash_attention and a dropout do not go together"
            yield Broken("C6", message, "flash_attention", "leave out one of flash_attention and dropout")
        for name in ("kernel_initializer", "bias_initializer"):
            if getattr(self, name) is None:
                yield Broken(
                    "C7", f"{name} is null, but each projection makes its own of it", name, f"leave {name} out"
                )

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


class Attention(_Attention):
    """Attention without projections: the values' mean for each query, weighted by how well it goes with their keys.

    C1  Each input has at least two axes: length and features are the last.
    C2  The inputs have as many axes, each as the others, and are equally long on all but the last two.
    C3  The query has as many features as the key, which is the value where there is none.
    C4  The key is as long as the value.
    C5  The output has the axes of the query, and the features of the value.

    score_mode dot weighs by products, concat by the sum of tanh(query + key), which is no product of matrices.

    Source: keras.layers.Attention.
    """

    takes = Takes("C1", ("*", "length", "features"))
    promotes = True

    use_scale: bool = False
    score_mode: Annotated[str, Choice("dot", "concat")] = "dot"
    dropout: Fraction = 0.0
    seed: Seed = None
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        ranks = refuse_ranks(self, "C2", shapes)
        if ranks:
            yield ranks
            return
        broken: list[Broken] = []
        what = "all inputs are alike on the axes before the last two"
        leading = tuple(range(len(shapes[0]) - 2))
        for number in range(1, len(shapes)):
            broken = broken or list(self._check_same("C2", shapes, (0, number), leading, what))
        yield from broken
        rank, key = len(shapes[0]), len(shapes) - 1
        yield from self._check_same("C3", shapes, (0, key), (rank - 1,), "a query and its key have as many features")
        yield from self._check_same("C4", shapes, (1, key), (rank - 2,), "there is a key for each value")

    def output_shape(self, query: Shape, value: Shape, *more: Shape) -> Shape:
        return (*query[:-1], value[-1])

    def list_tensors(self) -> Iterator[Tensor]:
        if self.use_scale:
            yield Tensor("scale", ())
        if self.score_mode == "concat":
            yield Tensor("concat_score_weight", ())

    def count_macs(self, query: Shape, value: Shape, *more: Shape) -> Count:
        # Where the one of two equal sizes is not known, the other may be.
        key = more[0] if len(more) > 1 else value
        length = key[-2] if isinstance(value[-2], Unknown) else value[-2]
        features = key[-1] if isinstance(query[-1], Unknown) else query[-1]
        weighed = numel(query[:-1]) * length
        return weighed * value[-1] if self.score_mode == "concat" else weighed * (features + value[-1])

    def parameters_by_hand(self) -> str | None:
        count = self.use_scale + (self.score_mode == "concat")
        return str(count) if count else None

    def macs_by_hand(self, query: Shape, value: Shape, *more: Shape) -> str:
        rank = len(query)
        rows = " * ".join(f"query[{axis}]" for axis in range(rank - 1))
        weighed = f"{rows} * value[{rank - 2}]"
        if self.score_mode == "concat":
            return f"{weighed} * value[{rank - 1}]"
        return f"{weighed} * (query[{rank - 1}] + value[{rank - 1}])"

    examples = (
        Example({}, inputs=((5, 16), (7, 16)), output=(5, 16), parameters=0, macs=1_120),
        Example(
            {"use_scale": True, "score_mode": "concat", "dropout": 0.1},
            inputs=((5, 16), (7, 8), (7, 16)),
            output=(5, 8),
            parameters=2,
            macs=280,
        ),
        Example({}, inputs=((2, 5, 16), (2, 7, 16)), output=(2, 5, 16), parameters=0, macs=2_240),
        Example({}, inputs=((16,), (7, 16)), breaks="C1", code="MS303"),
        Example({}, inputs=((5, 16), (2, 7, 16)), breaks="C2", code="MS313"),
        Example({}, inputs=((3, 5, 16), (2, 7, 16)), breaks="C2", code="MS313"),
        Example({}, inputs=((5, 16), (7, 8)), breaks="C3", code="MS313"),
        Example({}, inputs=((5, 16), (7, 16), (6, 16)), breaks="C4", code="MS313"),
    )
