"""keras.layers: attention."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.catalogue.keras.arguments import ActivityRegularizer, Fraction, Seed
from modelspec.catalogue.keras.pairing import refuse_axes, refuse_ranks
from modelspec.kinds import Choice
from modelspec.layer import Broken, Example, Layer, Size, Takes, Tensor, axes, built
from modelspec.shape import UNKNOWN, Count, Shape, Unknown, differs, numel


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

    def _check_settings(self, flash: str, initial: str, dropout: float, flashes: bool | None) -> Iterator[Broken]:
        """Settings of layers with projections, by the numbers of their constraints."""
        if flashes and dropout:
            message = "flash_attention and a dropout do not go together"
            yield Broken(flash, message, "flash_attention", "leave out one of flash_attention and dropout")
        for name in ("kernel_initializer", "bias_initializer"):
            if getattr(self, name) is None:
                yield Broken(
                    initial, f"{name} is null, but each projection makes its own of it", name, f"leave {name} out"
                )


class _Scored(_Attention):
    """Attention without projections: all that it has are scores."""

    takes = Takes("C1", ("*", "length", "features"))
    promotes = True

    def constrain(self, query: Shape, *others: Shape) -> Iterator[Broken]:
        shapes = (query, *others)
        ranks = refuse_ranks(self, "C2", shapes)
        if ranks:
            yield ranks
            return
        broken: list[Broken] = []
        what = "all inputs are alike on the axes before the last two"
        leading = tuple(range(len(query) - 2))
        for number, _ in enumerate(others, 1):
            broken = broken or list(self._check_same("C2", shapes, (0, number), leading, what))
        yield from broken
        rank, key = len(query), len(others)
        yield from self._check_same("C3", shapes, (0, key), (rank - 1,), "a query and its key have as many features")
        yield from self._check_same("C4", shapes, (1, key), (rank - 2,), "there is a key for each value")

    def output_shape(self, query: Shape, value: Shape, *more: Shape) -> Shape:
        return (*query[:-1], value[-1])

    def count_macs(self, query: Shape, value: Shape, *more: Shape) -> Count:
        # Where the one of two equal sizes is not known, the other may be.
        key = more[0] if len(more) > 1 else value
        length = key[-2] if isinstance(value[-2], Unknown) else value[-2]
        features = key[-1] if isinstance(query[-1], Unknown) else query[-1]
        weighed = numel(query[:-1]) * length
        return weighed * value[-1] if self._is_summed() else weighed * (features + value[-1])

    def _is_summed(self) -> bool:
        """Whether the scores are sums over features, and no product of matrices."""
        raise NotImplementedError

    def macs_by_hand(self, query: Shape, value: Shape, *more: Shape) -> str:
        rank = len(query)
        rows = " * ".join(f"query[{axis}]" for axis in range(rank - 1))
        # As in `count_macs`.
        key = "key" if len(more) > 1 else "value"
        length = key if isinstance(value[-2], Unknown) else "value"
        features = key if isinstance(query[-1], Unknown) else "query"
        weighed = f"{rows} * {length}[{rank - 2}]"
        if self._is_summed():
            return f"{weighed} * value[{rank - 1}]"
        return f"{weighed} * ({features}[{rank - 1}] + value[{rank - 1}])"


class Attention(_Scored):
    """Attention without projections: the values' mean for each query, weighted by how well it goes with their keys.

    C1  Each input has at least two axes: length and features are the last.
    C2  The inputs have as many axes, each as the others, and are equally long on all but the last two.
    C3  The query has as many features as the key, which is the value where there is none.
    C4  The key is as long as the value.
    C5  The output has the axes of the query, and the features of the value.

    score_mode dot weighs by products, concat by the sum of tanh(query + key), which is no product of matrices.

    Source: keras.layers.Attention.
    """

    use_scale: bool = False
    score_mode: Annotated[str, Choice("dot", "concat")] = "dot"
    dropout: Fraction = 0.0
    seed: Seed = None
    activity_regularizer: ActivityRegularizer = None

    def list_tensors(self) -> Iterator[Tensor]:
        if self.use_scale:
            yield Tensor("scale", ())
        if self.score_mode == "concat":
            yield Tensor("concat_score_weight", ())

    def _is_summed(self) -> bool:
        return self.score_mode == "concat"

    def parameters_by_hand(self) -> str | None:
        count = self.use_scale + (self.score_mode == "concat")
        return str(count) if count else None

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
        Example({}, inputs=((5, 16), (UNKNOWN, 16), (7, 16)), output=(5, 16), macs=1_120),
        Example({}, inputs=((5, UNKNOWN), (7, 16)), output=(5, 16), macs=1_120),
        Example({}, inputs=((5, 16), (7, 16)), output=(5, 16), dtypes=("float16", "float32")),
        Example({}, inputs=((16,), (7, 16)), breaks="C1", code="MS303"),
        Example({}, inputs=((5, 16), (2, 7, 16)), breaks="C2", code="MS313"),
        Example({}, inputs=((3, 5, 16), (2, 7, 16)), breaks="C2", code="MS313"),
        Example({}, inputs=((5, 16), (7, 8)), breaks="C3", code="MS313"),
        Example({}, inputs=((5, 16), (7, 16), (6, 16)), breaks="C4", code="MS313"),
    )


class AdditiveAttention(_Scored):
    """Attention without projections, by sums: a query goes with a key by the sum of tanh(query + key).

    C1  Each input has at least two axes: length and features are the last.
    C2  The inputs have as many axes, each as the others, and are equally long on all but the last two.
    C3  The query has as many features as the key, which is the value where there is none.
    C4  The key is as long as the value.
    C5  The output has the axes of the query, and the features of the value.

    With use_scale each feature of the sum has a weight. The sums are no product of matrices; the means are.

    Source: keras.layers.AdditiveAttention.
    """

    features: Size = built(axis=-1)
    use_scale: bool = True
    dropout: Fraction = 0.0
    seed: Seed = None
    activity_regularizer: ActivityRegularizer = None

    def list_tensors(self) -> Iterator[Tensor]:
        if self.use_scale:
            yield Tensor("scale", axes(features=self.features))

    def _is_summed(self) -> bool:
        return True

    def parameters_by_hand(self) -> str | None:
        return "features" if self.use_scale else None

    examples = (
        Example({}, inputs=((5, 16), (7, 16)), output=(5, 16), parameters=16, macs=560),
        Example(
            {"use_scale": False, "dropout": 0.1},
            inputs=((5, 16), (7, 8), (7, 16)),
            output=(5, 8),
            parameters=0,
            macs=280,
        ),
        Example({}, inputs=((16,), (7, 16)), breaks="C1", code="MS303"),
        Example({}, inputs=((5, 16), (2, 7, 16)), breaks="C2", code="MS313"),
        Example({}, inputs=((3, 5, 16), (2, 7, 16)), breaks="C2", code="MS313"),
        Example({}, inputs=((5, 16), (7, 8)), breaks="C3", code="MS313"),
        Example({}, inputs=((5, 16), (7, 16), (6, 16)), breaks="C4", code="MS313"),
    )
