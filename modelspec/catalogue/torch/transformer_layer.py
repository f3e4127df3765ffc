"""torch.nn: the layers that a transformer is made of."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.catalogue.torch.grouping import refuse_groups
from modelspec.kinds import Choice, Number
from modelspec.layer import Axis, Broken, Example, Layer, Probability, Size, Takes, Tensor, inferred
from modelspec.shape import Count, Shape, differs, show_dim, show_shape


class _TransformerLayer(Layer):
    input_dtype = "float"
    norms: ClassVar[int]
    """How many normalisations there are: one after each attention, and one after the two linear layers."""

    d_model: Size = inferred(axis=-1, constraint="C1")
    nhead: Size
    dim_feedforward: Size = 2048
    dropout: Probability = 0.1
    activation: Annotated[str, Choice("relu", "gelu")] = "relu"
    layer_norm_eps: Annotated[float, Number(0)] = 1e-5
    batch_first: bool = False
    norm_first: bool = False
    bias: bool = True

    def constrain(self, x: Shape, *memory: Shape) -> Iterator[Broken]:
        broken = refuse_groups("C3", "nhead", self.nhead, -1, d_model=self.d_model)
        if broken:
            yield broken

    def output_shape(self, x: Shape, *memory: Shape) -> Shape:
        return x

    def _list_attention(self, name: str) -> Iterator[Tensor]:
        width, tripled = Axis("d_model", self.d_model), Axis("3 × d_model", 3 * self.d_model)
        yield Tensor(f"{name}.in_proj_weight", (tripled, width))
        if self.bias:
            yield Tensor(f"{name}.in_proj_bias", (tripled,))
        yield Tensor(f"{name}.out_proj.weight", (width, width))
        if self.bias:
            yield Tensor(f"{name}.out_proj.bias", (width,))

    def list_tensors(self) -> Iterator[Tensor]:
        width, inner = Axis("d_model", self.d_model), Axis("dim_feedforward", self.dim_feedforward)
        for name in ("self_attn", "multihead_attn")[: self.norms - 1]:
            yield from self._list_attention(name)
        held = [("linear1.weight", (inner, width)), ("linear1.bias", (inner,))]
        held += [("linear2.weight", (width, inner)), ("linear2.bias", (width,))]
        for number in range(1, self.norms + 1):
            held += [(f"norm{number}.weight", (width,)), (f"norm{number}.bias", (width,))]
        for name, sizes in held:
            if self.bias or not name.endswith("bias"):
                yield Tensor(name, sizes)

    def parameters_by_hand(self) -> str:
        weights = f"{4 * (self.norms - 1)} * d_model ** 2 + 2 * d_model * dim_feedforward + {self.norms} * d_model"
        if not self.bias:
            return weights
        return f"{weights} + {5 * self.norms - 3} * d_model + dim_feedforward"

    def conventions(self) -> tuple[str, ...]:
        return ("attention counts its projections and both of its products, without a discount for a mask",)


class TransformerEncoderLayer(_TransformerLayer):
    """Attention of a sequence to itself, then two linear layers, each with a sum and a normalisation.

    C1  d_model is the size of the input's last axis.
    C2  The input has two axes: length and features.
    C3  nhead divides d_model.

    Masks change no shape, and are no inputs here. batch_first says where the batch stands, which no shape of a sample
    shows.

    Source: torch.nn.TransformerEncoderLayer.
    """

    input_names = ("src",)
    takes = Takes("C2", ("length", "d_model"))
    norms = 2

    def count_macs(self, x: Shape, y: Shape) -> Count:
        width, length = self.d_model, x[0]
        return 4 * length * width * width + 2 * length * length * width + 2 * length * width * self.dim_feedforward

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        attention = "4 * src[0] * d_model ** 2 + 2 * src[0] ** 2 * d_model"
        return f"{attention} + 2 * src[0] * d_model * dim_feedforward"

    examples = (
        Example({"nhead": 8}, input=(10, 64), output=(10, 64), parameters=281_152, macs=2_798_080),
        Example(
            {"nhead": 4, "dim_feedforward": 16, "activation": "gelu", "bias": False, "norm_first": True},
            input=(3, 8),
            output=(3, 8),
            parameters=528,
            macs=1_680,
        ),
        Example({"d_model": 32, "nhead": 8}, input=(10, 64), breaks="C1", code="MS304"),
        Example({"nhead": 8}, input=(64,), breaks="C2", code="MS303"),
        Example({"nhead": 6}, input=(10, 64), breaks="C3", code="MS305"),
    )


class TransformerDecoderLayer(_TransformerLayer):
    """Attention of a sequence to itself, then to a memory, then two linear layers, each with a sum and a normalisation.

    C1  d_model is the size of the first input's last axis.
    C2  The inputs have two axes: length and features.
    C3  nhead divides d_model.
    C4  The memory is d_model wide, too.

    Masks change no shape, and are no inputs here. batch_first says where the batch stands, which no shape of a sample
    shows.

    Source: torch.nn.TransformerDecoderLayer.
    """

    arity = (2, 2)
    input_names = ("tgt", "memory")
    takes = (Takes("C2", ("length", "d_model")), Takes("C2", ("source_length", "d_model")))
    norms = 3

    def constrain(self, x: Shape, *memory: Shape) -> Iterator[Broken]:
        yield from super().constrain(x)
        for shape in memory:
            if differs(shape[-1], self.d_model):
                message = f"memory is {show_dim(shape[-1])} wide, and d_model is {show_dim(self.d_model)}: "
                message += f"{show_shape(shape)} arrives"
                yield Broken("C4", message, None, "give both inputs one width", "MS313", -1, 1, (0, -1))

    def count_macs(self, x: Shape, memory: Shape, y: Shape) -> Count:
        width, length, source = self.d_model, x[0], memory[0]
        itself = 4 * length * width * width + 2 * length * length * width
        across = 2 * (length + source) * width * width + 2 * length * source * width
        return itself + across + 2 * length * width * self.dim_feedforward

    def macs_by_hand(self, x: Shape, memory: Shape, y: Shape) -> str:
        itself = "4 * tgt[0] * d_model ** 2 + 2 * tgt[0] ** 2 * d_model"
        across = "2 * (tgt[0] + memory[0]) * d_model ** 2 + 2 * tgt[0] * memory[0] * d_model"
        return f"{itself} + {across} + 2 * tgt[0] * d_model * dim_feedforward"

    examples = (
        Example({"nhead": 8}, inputs=((10, 64), (7, 64)), output=(10, 64), parameters=297_920, macs=2_946_304),
        Example(
            {"nhead": 2, "dim_feedforward": 16, "bias": False, "batch_first": True},
            inputs=((3, 8), (5, 8)),
            output=(3, 8),
            parameters=792,
            macs=2_944,
        ),
        Example({"d_model": 32, "nhead": 8}, inputs=((10, 64), (7, 64)), breaks="C1", code="MS304"),
        Example({"nhead": 8}, inputs=((10, 64), (64,)), breaks="C2", code="MS303"),
        Example({"nhead": 6}, inputs=((10, 64), (7, 64)), breaks="C3", code="MS305"),
        Example({"nhead": 8}, inputs=((10, 64), (7, 32)), breaks="C4", code="MS313"),
    )
