"""torch.nn: transformers, as stacks of equal layers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from modelspec.catalogue.torch.arguments import refuse_unknown
from modelspec.catalogue.torch.grouping import refuse_groups
from modelspec.catalogue.torch.recurrent import MAX_LAYERS
from modelspec.catalogue.torch.transformer_layer import TransformerDecoderLayer, TransformerEncoderLayer
from modelspec.kinds import Choice, Integer, Number
from modelspec.layer import (
    Axis,
    Broken,
    Example,
    Layer,
    Probability,
    Size,
    Takes,
    Tensor,
    Wrapped,
    inferred,
    wrapped,
)
from modelspec.shape import Count, Shape, Unknown, differs, show_dim, show_shape, total

if TYPE_CHECKING:
    from modelspec.fitting import Fitted

_Layers = Annotated[int, Integer(1, MAX_LAYERS)]

_NORMS = ("LayerNorm", "RMSNorm")


class _Stack(Layer):
    input_dtype = "float"

    num_layers: _Layers
    norm: Wrapped = wrapped(take=lambda _, x: x, optional=True)

    @property
    def _layer(self) -> "Fitted":
        raise NotImplementedError

    def _hold(self, name: str, wanted: type[Layer]) -> Iterator[Broken]:
        inside = self._layer.layer
        if not isinstance(inside, wanted):
            message = f"{name} is {inside.type_name()}, but each layer is a {wanted.type_name()}"
            yield Broken("C2", message, name, f"put a {wanted.type_name()} in it")
        if self.norm is not None and self.norm.layer.type_name() not in _NORMS:
            message = f"norm is {self.norm.layer.type_name()}, which is no normalisation of the last axis"
            yield Broken("C3", message, "norm", "a LayerNorm or an RMSNorm")
        if isinstance(self.num_layers, Unknown):
            yield refuse_unknown("num_layers", self.num_layers)

    def output_shape(self, x: Shape, *memory: Shape) -> Shape:
        return x

    def list_tensors(self) -> Iterator[Tensor]:
        for number in range(self.num_layers):
            for tensor in self._layer.tensors:
                yield tensor._replace(name=f"layers.{number}.{tensor.name}")
        if self.norm is not None:
            for tensor in self.norm.tensors:
                yield tensor._replace(name=f"norm.{tensor.name}")

    def count_macs(self, *shapes: Shape) -> Count:
        return self.num_layers * self._layer.macs

    def parameters_by_hand(self) -> str:
        text = f"num_layers * ({self._layer.layer.parameters_by_hand()})"
        after = None if self.norm is None else self.norm.layer.parameters_by_hand()
        return text if after is None else f"{text} + {after}"

    def macs_by_hand(self, *shapes: Shape) -> str:
        return f"num_layers * ({self._layer.layer.macs_by_hand(*shapes)})"

    def conventions(self) -> Iterator[str]:
        yield from self._layer.layer.conventions()


class TransformerEncoder(_Stack):
    """As many copies of one layer, one after the other, each with weights of its own.

    C1  The input has two axes: length and features.
    C2  encoder_layer is a TransformerEncoderLayer.
    C3  norm is a LayerNorm or an RMSNorm.

    Source: torch.nn.TransformerEncoder.
    """

    input_names = ("src",)
    takes = Takes("C1", ("length", "d_model"))

    encoder_layer: Wrapped = wrapped(take=lambda _, x: x)
    enable_nested_tensor: bool = True
    mask_check: bool = True

    @property
    def _layer(self) -> "Fitted":
        layer: Fitted = self.encoder_layer
        return layer

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from self._hold("encoder_layer", TransformerEncoderLayer)

    examples = (
        Example(
            {"encoder_layer": {"type": "TransformerEncoderLayer", "nhead": 8}, "num_layers": 6},
            input=(10, 64),
            output=(10, 64),
            parameters=1_686_912,
            macs=16_788_480,
        ),
        Example(
            {
                "encoder_layer": {"type": "TransformerEncoderLayer", "nhead": 2, "dim_feedforward": 16},
                "num_layers": 2,
                "norm": {"type": "LayerNorm", "bias": False},
                "mask_check": False,
            },
            input=(3, 8),
            output=(3, 8),
            parameters=1_208,
            macs=3_360,
        ),
        Example(
            {"encoder_layer": {"type": "TransformerEncoderLayer", "nhead": 8}, "num_layers": 6},
            input=(64,),
            breaks="C1",
            code="MS303",
        ),
        Example(
            {"encoder_layer": {"type": "Linear", "out_features": 64}, "num_layers": 6},
            input=(10, 64),
            breaks="C2",
            code="MS305",
        ),
        Example(
            {"encoder_layer": {"type": "TransformerEncoderLayer", "nhead": 8}, "num_layers": 6, "norm": "Sigmoid"},
            input=(10, 64),
            breaks="C3",
            code="MS305",
        ),
    )


class TransformerDecoder(_Stack):
    """As many copies of one layer, one after the other, each with weights of its own, over one memory.

    C1  The inputs have two axes: length and features.
    C2  decoder_layer is a TransformerDecoderLayer.
    C3  norm is a LayerNorm or an RMSNorm.

    Source: torch.nn.TransformerDecoder.
    """

    arity = (2, 2)
    input_names = ("tgt", "memory")
    takes = (Takes("C1", ("length", "d_model")), Takes("C1", ("source_length", "d_model")))

    decoder_layer: Wrapped = wrapped(take=lambda _, x: x, every=True)

    @property
    def _layer(self) -> "Fitted":
        layer: Fitted = self.decoder_layer
        return layer

    def constrain(self, x: Shape, memory: Shape) -> Iterator[Broken]:
        yield from self._hold("decoder_layer", TransformerDecoderLayer)

    examples = (
        Example(
            {"decoder_layer": {"type": "TransformerDecoderLayer", "nhead": 8}, "num_layers": 6, "norm": "LayerNorm"},
            inputs=((10, 64), (7, 64)),
            output=(10, 64),
            parameters=1_787_648,
            macs=17_677_824,
        ),
        Example(
            {
                "decoder_layer": {"type": "TransformerDecoderLayer", "nhead": 2, "dim_feedforward": 16, "bias": False},
                "num_layers": 2,
                "norm": {"type": "RMSNorm", "eps": 1e-6},
            },
            inputs=((3, 8), (5, 8)),
            output=(3, 8),
            parameters=1_592,
            macs=5_888,
        ),
        Example(
            {"decoder_layer": {"type": "TransformerDecoderLayer", "nhead": 8}, "num_layers": 6},
            inputs=((64,), (7, 64)),
            breaks="C1",
            code="MS303",
        ),
        Example(
            {"decoder_layer": {"type": "Bilinear", "out_features": 64}, "num_layers": 6},
            inputs=((10, 64), (10, 64)),
            breaks="C2",
            code="MS305",
        ),
        Example(
            {"decoder_layer": {"type": "TransformerDecoderLayer", "nhead": 8}, "num_layers": 1, "norm": "Tanh"},
            inputs=((10, 64), (7, 64)),
            breaks="C3",
            code="MS305",
        ),
    )


class Transformer(Layer):
    """An encoder, whose result is the memory of a decoder: stacks of layers, with a normalisation after each.

    C1  d_model is the size of the source's last axis; left out, it is that, and not torch's default of 512.
    C2  The inputs have two axes: length and features.
    C3  nhead divides d_model.
    C4  The target is d_model wide, too.

    Masks change no shape, and are no inputs here. batch_first says where the batch stands, which no shape of a sample
    shows. For an encoder or a decoder of your own, write TransformerEncoder and TransformerDecoder.

    Source: torch.nn.Transformer.
    """

    arity = (2, 2)
    input_names = ("src", "tgt")
    takes = (Takes("C2", ("source_length", "d_model")), Takes("C2", ("length", "d_model")))
    input_dtype = "float"

    d_model: Size = inferred(axis=-1, constraint="C1")
    nhead: Size = 8
    num_encoder_layers: _Layers = 6
    num_decoder_layers: _Layers = 6
    dim_feedforward: Size = 2048
    dropout: Probability = 0.1
    activation: Annotated[str, Choice("relu", "gelu")] = "relu"
    layer_norm_eps: Annotated[float, Number(0)] = 1e-5
    batch_first: bool = False
    norm_first: bool = False
    bias: bool = True

    def constrain(self, x: Shape, target: Shape) -> Iterator[Broken]:
        broken = refuse_groups("C3", "nhead", self.nhead, -1, d_model=self.d_model)
        if broken:
            yield broken
        if differs(target[-1], self.d_model):
            message = f"tgt is {show_dim(target[-1])} wide, and d_model is {show_dim(self.d_model)}: "
            message += f"{show_shape(target)} arrives"
            yield Broken("C4", message, None, "give both inputs one width", "MS313", -1, 1, (0, -1))
        for field in ("num_encoder_layers", "num_decoder_layers"):
            number = getattr(self, field)
            if isinstance(number, Unknown):
                yield refuse_unknown(field, number)

    def output_shape(self, x: Shape, target: Shape) -> Shape:
        return target

    def _make(self, layer: type[Layer]) -> Any:
        inside = layer.__new__(layer)
        inside.__dict__.update(self.__dict__)
        return inside

    def list_tensors(self) -> Iterator[Tensor]:
        stacks = ("encoder", TransformerEncoderLayer, self.num_encoder_layers)
        for name, layer, number in (stacks, ("decoder", TransformerDecoderLayer, self.num_decoder_layers)):
            held = tuple(self._make(layer).list_tensors())
            for at in range(number):
                for tensor in held:
                    yield tensor._replace(name=f"{name}.layers.{at}.{tensor.name}")
            width = Axis("d_model", self.d_model)
            yield Tensor(f"{name}.norm.weight", (width,))
            if self.bias:
                yield Tensor(f"{name}.norm.bias", (width,))

    def count_macs(self, x: Shape, target: Shape, y: Shape) -> Count:
        encoder = self.num_encoder_layers * self._make(TransformerEncoderLayer).count_macs(x, x)
        decoder = self.num_decoder_layers * self._make(TransformerDecoderLayer).count_macs(target, x, target)
        return total((encoder, decoder))

    def parameters_by_hand(self) -> str:
        encoder = self._make(TransformerEncoderLayer).parameters_by_hand()
        decoder = self._make(TransformerDecoderLayer).parameters_by_hand()
        stacks = f"num_encoder_layers * ({encoder}) + num_decoder_layers * ({decoder})"
        return f"{stacks} + {4 if self.bias else 2} * d_model"

    def macs_by_hand(self, x: Shape, target: Shape, y: Shape) -> str:
        encoder = self._make(TransformerEncoderLayer).macs_by_hand(x, x)
        # What the decoder calls its memory is as long as the source.
        decoder = self._make(TransformerDecoderLayer).macs_by_hand(target, x, target).replace("memory[0]", "src[0]")
        return f"num_encoder_layers * ({encoder}) + num_decoder_layers * ({decoder})"

    def conventions(self) -> tuple[str, ...]:
        return ("attention counts its projections and both of its products, without a discount for a mask",)

    examples = (
        Example({}, inputs=((10, 512), (20, 512)), output=(20, 512), parameters=44_140_544),
        Example(
            {"nhead": 2, "num_encoder_layers": 1, "num_decoder_layers": 2, "dim_feedforward": 16, "bias": False},
            inputs=((5, 8), (3, 8)),
            output=(3, 8),
            parameters=2_128,
            macs=8_848,
        ),
        Example({"d_model": 512}, inputs=((10, 64), (20, 64)), breaks="C1", code="MS304"),
        Example({}, inputs=((10, 64), (64,)), breaks="C2", code="MS303"),
        Example({"nhead": 6}, inputs=((10, 64), (20, 64)), breaks="C3", code="MS305"),
        Example({}, inputs=((10, 64), (20, 32)), breaks="C4", code="MS313"),
    )
