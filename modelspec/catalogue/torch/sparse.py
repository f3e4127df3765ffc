"""torch.nn: look-up tables."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.kinds import Integer, Number, Optional
from modelspec.layer import Broken, Example, Layer, Positive, Size, Tensor, axes, no_macs
from modelspec.shape import Shape


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
