"""torch.nn: look-up tables."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from modelspec.kinds import Choice, Integer, Number, Optional
from modelspec.layer import Broken, Example, Layer, Positive, Size, Takes, Tensor, axes, no_macs
from modelspec.shape import Shape, differs, show_shape


class Embedding(Layer):
    """A row of the table for each index.

    C1  padding_idx is a row of the table: from −num_embeddings to num_embeddings − 1, negative ones from the end.

    Source: torch.nn.Embedding.
    """

    input_dtype = "integer"

    num_embeddings: Size
    embedding_dim: Size
    padding_idx: Annotated[int | None, Optional(Integer())] = None
    max_norm: Annotated[float | None, Optional(Number(above=0))] = None
    norm_type: Positive = 2.0
    scale_grad_by_freq: bool = False
    sparse: bool = False

    count_macs = no_macs

    def constrain(self, x: Shape) -> Iterator[Broken]:
        rows, index = self.num_embeddings, self.padding_idx
        if isinstance(rows, int) and isinstance(index, int) and not -rows <= index < rows:
            message = f"padding_idx is {index}, but the table has {rows} rows (num_embeddings)"
            yield Broken("C1", message, "padding_idx", f"from {-rows} to {rows - 1}")

    def output_shape(self, x: Shape) -> Shape:
        return (*x, self.embedding_dim)

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("weight", axes(num_embeddings=self.num_embeddings, embedding_dim=self.embedding_dim))

    def parameters_by_hand(self) -> str:
        return "num_embeddings * embedding_dim"

    examples = (
        Example(
            {"num_embeddings": 1000, "embedding_dim": 16},
            input=(7,),
            output=(7, 16),
            parameters=16_000,
            macs=0,
            dtype="int64",
        ),
        Example(
            {"num_embeddings": 10, "embedding_dim": 3, "padding_idx": -10, "max_norm": 1.0, "sparse": True},
            input=(),
            output=(3,),
            parameters=30,
            macs=0,
            dtype="int32",
        ),
        Example(
            {"num_embeddings": 10, "embedding_dim": 3, "padding_idx": 10},
            input=(7,),
            breaks="C1",
            code="MS305",
            dtype="int64",
        ),
        Example(
            {"num_embeddings": 10, "embedding_dim": 3, "padding_idx": -11},
            input=(7,),
            breaks="C1",
            code="MS305",
            dtype="int64",
        ),
    )


class EmbeddingBag(Layer):
    """The sum, the mean or the largest values of the table's rows, one for each index of a bag.

    C1  The input has one axis: the indices of a bag.
    C2  padding_idx is a row of the table: from −num_embeddings to num_embeddings − 1, negative ones from the end.
    C3  per_sample_weights are for mode sum, and one for each index.
    C4  scale_grad_by_freq and sparse are not for mode max.

    Every sample is a bag. Bags of different lengths, one after the other with their offsets, have no shape of a sample.

    Source: torch.nn.EmbeddingBag.
    """

    arity = (1, 2)
    input_names = ("input", "per_sample_weights")
    takes = (Takes("C1", ("bag",)), Takes("C3", ("bag",)))
    input_dtype = ("integer", "float")

    num_embeddings: Size
    embedding_dim: Size
    max_norm: Annotated[float | None, Optional(Number(above=0))] = None
    norm_type: Positive = 2.0
    scale_grad_by_freq: bool = False
    mode: Annotated[str, Choice("sum", "mean", "max")] = "mean"
    sparse: bool = False
    include_last_offset: bool = False
    padding_idx: Annotated[int | None, Optional(Integer())] = None

    count_macs = no_macs

    def constrain(self, x: Shape, weights: Shape | None = None) -> Iterator[Broken]:
        rows, index = self.num_embeddings, self.padding_idx
        if isinstance(rows, int) and isinstance(index, int) and not -rows <= index < rows:
            message = f"padding_idx is {index}, but the table has {rows} rows (num_embeddings)"
            yield Broken("C2", message, "padding_idx", f"from {-rows} to {rows - 1}")
        if weights is not None and self.mode != "sum":
            message = f"per_sample_weights arrive, but mode is {self.mode}"
            yield Broken("C3", message, "mode", "write mode: sum, or leave the weights out")
        elif weights is not None and differs(*x, *weights):
            message = f"there is a weight for each index, but {show_shape(x)} and {show_shape(weights)} arrive"
            yield Broken("C3", message, None, "give one weight to each index", "MS313", 0, 1, (0, 0))
        for field in ("scale_grad_by_freq", "sparse"):
            if self.mode == "max" and getattr(self, field):
                yield Broken("C4", f"{field} is true, but mode is max", field, f"leave {field} out")
                return

    def output_shape(self, x: Shape, *weights: Shape) -> Shape:
        return (self.embedding_dim,)

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("weight", axes(num_embeddings=self.num_embeddings, embedding_dim=self.embedding_dim))

    def parameters_by_hand(self) -> str:
        return "num_embeddings * embedding_dim"

    def dtypes_of_results(self) -> Mapping[str, str]:
        return {"output": "float"}

    examples = (
        Example(
            {"num_embeddings": 1000, "embedding_dim": 16},
            input=(7,),
            output=(16,),
            parameters=16_000,
            macs=0,
            dtype="int64",
        ),
        Example(
            {"num_embeddings": 10, "embedding_dim": 3, "mode": "sum", "padding_idx": -10, "sparse": True},
            inputs=((5,), (5,)),
            dtypes=("int32", "float32"),
            output=(3,),
        ),
        *[
            Example({"num_embeddings": 10, "embedding_dim": 3, **arguments}, **arriving, breaks=breaks, code=code)
            for arguments, arriving, breaks, code in (
                ({}, {"input": (5, 7), "dtype": "int64"}, "C1", "MS303"),
                ({"padding_idx": 10}, {"input": (7,), "dtype": "int64"}, "C2", "MS305"),
                ({}, {"inputs": ((5,), (5,)), "dtypes": ("int64", "float32")}, "C3", "MS305"),
                ({"mode": "sum"}, {"inputs": ((5,), (4,)), "dtypes": ("int64", "float32")}, "C3", "MS313"),
                ({"mode": "max", "sparse": True}, {"input": (7,), "dtype": "int64"}, "C4", "MS305"),
            )
        ],
    )
