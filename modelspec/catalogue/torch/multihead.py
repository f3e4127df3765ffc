"""torch.nn: attention with several heads, and the projections around it."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.torch.grouping import refuse_groups
from modelspec.kinds import Integer, Optional
from modelspec.layer import (
    Axis,
    Broken,
    Example,
    Layer,
    Probability,
    Size,
    Takes,
    Tensor,
    axes,
    inferred,
)
from modelspec.shape import Count, Dim, Shape, differs, show_dim, show_shape

_OptionalSize = Annotated[int | None, Optional(Integer(1))]


class MultiheadAttention(Layer):
    """Projections of queries, keys and values, attention in each head on its own, and a projection of what comes out.

    C1  embed_dim is the size of the query's last axis.
    C2  The inputs have two axes: length and features.
    C3  num_heads divides embed_dim.
    C4  kdim is the size of the key's last axis; left out, it is embed_dim.
    C5  vdim is the size of the value's last axis; left out, it is embed_dim.
    C6  Key and value have the same length.

    One input is the query, the key and the value; of two, the second is the key and the value. The weights of
    attention are a result too, as the mean over the heads. batch_first says where the batch stands, which no shape of a
    sample shows.

    Source: torch.nn.MultiheadAttention.
    """

    arity = (1, 3)
    input_names = ("query", "key", "value")
    takes = (
        Takes("C2", ("length", "embed_dim")),
        Takes("C2", ("source_length", "kdim")),
        Takes("C2", ("source_length", "vdim")),
    )
    input_dtype = "float"

    embed_dim: Size = inferred(axis=-1, constraint="C1")
    num_heads: Size
    dropout: Probability = 0.0
    bias: bool = True
    add_bias_kv: bool = False
    add_zero_attn: bool = False
    kdim: _OptionalSize = None
    vdim: _OptionalSize = None
    batch_first: bool = False

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        broken = refuse_groups("C3", "num_heads", self.num_heads, -1, embed_dim=self.embed_dim)
        if broken:
            yield broken
        last = len(shapes) - 1
        wrong_key = self._hold_width("C4", "kdim", self.kdim, shapes, min(1, last))
        wrong_value = self._hold_width("C5", "vdim", self.vdim, shapes, last)
        if wrong_key:
            yield wrong_key
        # A key that is the value as well is one mistake.
        if wrong_value and not (wrong_key and last < 2 and self.kdim == self.vdim):
            yield wrong_value
        if last == 2 and differs(shapes[1][0], shapes[2][0]):
            key, value = shapes[1:]
            message = f"key and value differ in length: {show_shape(key)} and {show_shape(value)} arrive"
            hint = f"mend what gives {show_dim(key[0])} or {show_dim(value[0])}: there is one value to each key"
            yield Broken("C6", message, None, hint, "MS313", 0, 2, (1, 0))

    def _hold_width(
        self, constraint: str, field: str, written: Dim | None, shapes: tuple[Shape, ...], number: int
    ) -> Broken | None:
        arriving, name = shapes[number][-1], self.input_names[number]
        if written is not None:
            if not differs(written, arriving):
                return None
            of = f"the last axis of {name}, {show_shape(shapes[number])}"
            message = f"{field} is {show_dim(written)}, but {show_dim(arriving)} arrives ({of})"
            hint = f"write {field}: {show_dim(arriving)}; or mend what gives {show_dim(arriving)}"
            return Broken(constraint, message, field, hint, "MS304", -1, number)
        if not differs(arriving, shapes[0][-1]):
            return None
        both = f"{field}: {show_dim(arriving)}"
        if len(shapes) == 2 and self.kdim is None and self.vdim is None:
            both = f"kdim: {show_dim(arriving)} and vdim: {show_dim(arriving)}"
        message = (
            f"{name} is {show_dim(arriving)} wide and query {show_dim(shapes[0][-1])}: {show_shape(shapes[number])} "
            f"and {show_shape(shapes[0])} arrive, and without {field} both widths are embed_dim"
        )
        return Broken(constraint, message, None, f"write {both}, if this is meant", "MS313", -1, number, (0, -1))

    def _keys(self, shapes: tuple[Shape, ...]) -> Dim:
        # What each query is compared with: the keys, and what is put beside them. One input alone is the key as well.
        _, key, *_ = (*shapes, *shapes)
        return key[0] + int(self.add_bias_kv) + int(self.add_zero_attn)

    def output_shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], self.embed_dim)

    def outputs(self, *shapes: Shape) -> dict[str, Shape]:
        return {"output": self.output_shape(*shapes), "attn_weights": (shapes[0][0], self._keys(shapes))}

    def _widths(self) -> tuple[Dim, Dim]:
        kdim = self.embed_dim if self.kdim is None else self.kdim
        return kdim, self.embed_dim if self.vdim is None else self.vdim

    def _is_packed(self) -> bool:
        # Source: torch.nn.MultiheadAttention.__init__, _qkv_same_embed_dim.
        return self._widths() == (self.embed_dim, self.embed_dim)

    def list_tensors(self) -> Iterator[Tensor]:
        features = Axis("embed_dim", self.embed_dim)
        tripled = Axis("3 × embed_dim", 3 * self.embed_dim)
        if self._is_packed():
            yield Tensor("in_proj_weight", (tripled, features))
        else:
            kdim, vdim = self._widths()
            yield Tensor("q_proj_weight", (features, features))
            yield Tensor("k_proj_weight", (features, Axis("embed_dim" if self.kdim is None else "kdim", kdim)))
            yield Tensor("v_proj_weight", (features, Axis("embed_dim" if self.vdim is None else "vdim", vdim)))
        if self.bias:
            yield Tensor("in_proj_bias", (tripled,))
        if self.add_bias_kv:
            for name in ("bias_k", "bias_v"):
                yield Tensor(name, (*axes(batch=1, length=1), features))
        yield Tensor("out_proj.weight", (features, features))
        if self.bias:
            yield Tensor("out_proj.bias", (features,))

    def count_macs(self, *shapes_and_output: Shape) -> Count:
        shapes = shapes_and_output[:-1]
        queries, keys, values = (shapes[min(number, len(shapes) - 1)][0] for number in range(3))
        kdim, vdim = self._widths()
        projected = 2 * queries * self.embed_dim + keys * kdim + values * vdim
        return projected * self.embed_dim + 2 * queries * self._keys(shapes) * self.embed_dim

    def parameters_by_hand(self) -> str:
        if self._is_packed():
            text = "4 * embed_dim ** 2"
        else:
            names = ("embed_dim" if self.kdim is None else "kdim", "embed_dim" if self.vdim is None else "vdim")
            text = f"(2 * embed_dim + {names[0]} + {names[1]}) * embed_dim"
        if self.bias:
            text += " + 4 * embed_dim"
        return text + (" + 2 * embed_dim" if self.add_bias_kv else "")

    def macs_by_hand(self, *shapes_and_output: Shape) -> str:
        *_, value = arriving = self.input_names[: len(shapes_and_output) - 1]
        key = "key" if "key" in arriving else "query"
        kdim, vdim = "embed_dim" if self.kdim is None else "kdim", "embed_dim" if self.vdim is None else "vdim"
        more = int(self.add_bias_kv) + int(self.add_zero_attn)
        keys = f"({key}[0] + {more})" if more else f"{key}[0]"
        projected = f"2 * query[0] * embed_dim + {key}[0] * {kdim} + {value}[0] * {vdim}"
        return f"({projected}) * embed_dim + 2 * query[0] * {keys} * embed_dim"

    def conventions(self) -> tuple[str, ...]:
        return ("attention counts its projections and both of its products, without a discount for a mask",)

    examples = (
        Example({"num_heads": 8}, input=(10, 64), output=(10, 64), parameters=16_640, macs=176_640),
        Example(
            {"num_heads": 8, "kdim": 32, "vdim": 48, "batch_first": True},
            inputs=((10, 64), (7, 32), (7, 48)),
            output=(10, 64),
            parameters=13_568,
            macs=126_720,
        ),
        Example({"num_heads": 4, "bias": False}, inputs=((5, 64), (9, 64)), output=(5, 64), parameters=16_384),
        Example(
            {"num_heads": 8, "add_bias_kv": True, "add_zero_attn": True, "dropout": 0.1},
            input=(10, 64),
            output=(10, 64),
            parameters=16_768,
            macs=179_200,
        ),
        Example({"embed_dim": 32, "num_heads": 8}, input=(10, 64), breaks="C1", code="MS304"),
        Example({"num_heads": 8}, input=(64,), breaks="C2", code="MS303"),
        Example({"num_heads": 6}, input=(10, 64), breaks="C3", code="MS305"),
        Example({"num_heads": 8, "kdim": 32}, input=(10, 64), breaks="C4", code="MS304"),
        Example({"num_heads": 8}, inputs=((10, 64), (7, 32)), breaks="C4", code="MS313"),
        Example({"num_heads": 8, "vdim": 32}, inputs=((10, 64), (7, 64)), breaks="C5", code="MS304"),
        Example({"num_heads": 8}, inputs=((10, 64), (7, 48), (7, 48)), breaks="C5", code="MS313"),
        Example({"num_heads": 8}, inputs=((10, 64), (7, 64), (8, 64)), breaks="C6", code="MS313"),
        Example({"num_heads": 8}, inputs=((10, 64),) * 4, code="MS312"),
    )
