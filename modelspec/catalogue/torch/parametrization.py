"""torch.nn.utils.parametrizations: weights that are made of other tensors."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from modelspec.catalogue.torch.conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from modelspec.kinds import Integer, Number, Optional, Text
from modelspec.layer import Axis, Broken, Example, Layer, Size, Tensor, Wrapped, wrapped
from modelspec.shape import Count, Shape, Unknown, numel

if TYPE_CHECKING:
    from modelspec.fitting import Fitted

_Name = Annotated[str, Text()]
_Axis = Annotated[int | None, Optional(Integer())]

_OUTPUTS_FIRST = (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)


class _Parametrized(Layer):
    arity = (1, 3)
    input_names = ("input", "input2", "input3")

    if TYPE_CHECKING:
        module: Any
        tensor_name: str

    def _weight(self) -> Tensor | None:
        inside: Fitted = self.module
        for tensor in inside.tensors:
            if tensor.name == self.tensor_name and tensor.kind == "parameter":
                return tensor
        return None

    def _hold_name(self, constraint: str) -> Iterator[Broken]:
        if self._weight() is None:
            told = [tensor.name for tensor in self.module.tensors if tensor.kind == "parameter"]
            type_name = self.module.layer.type_name()
            message = f"{type_name} has no parameter called {self.tensor_name!r}"
            yield Broken(constraint, message, "tensor_name", f"it has {', '.join(told[:8])}" if told else None)

    def output_shape(self, *shapes: Shape) -> Shape:
        shape: Shape = self.module.output_shape
        return shape

    def outputs(self, *shapes: Shape) -> dict[str, Shape]:
        return {name: value.shape for name, value in self.module.outputs.items()}

    def dtypes_of_results(self) -> Mapping[str, str]:
        return {name: value.dtype for name, value in self.module.outputs.items()}

    def _make(self, weight: Tensor) -> Iterator[Tensor]:
        """What stands for the weight, and the buffers beside it."""
        raise NotImplementedError

    def list_tensors(self) -> Iterator[Tensor]:
        # Source: torch.nn.utils.parametrize, register_parametrization: what stands for the weight comes last.
        for tensor in self.module.tensors:
            if tensor.name != self.tensor_name:
                yield tensor
        weight = self._weight()
        assert weight is not None
        yield from self._make(weight)

    def count_macs(self, *shapes: Shape) -> Count:
        count: Count = self.module.macs
        return count

    def macs_by_hand(self, *shapes: Shape) -> str | None:
        text: str | None = self.module.layer.macs_by_hand(*shapes)
        # Inside, the inputs bear the names that the layer has for them.
        inner = self.module.layer
        for number, _ in enumerate(shapes[:-1]):
            own = inner.input_name_at(number)
            text = text and text.replace(f"{own}[", f"{self.input_name_at(number)}[")
        return text

    def conventions(self) -> Iterator[str]:
        yield from self.module.layer.conventions()


class WeightNorm(_Parametrized):
    """A layer whose weight is a direction and a length along one axis, learned apart.

    C1  module has a parameter that is called tensor_name.
    C2  dim is the number of an axis of that parameter, from the end if it is negative; but -1, as null, means one
        length for the whole.

    It is written around the layer, and stands in its place: `{type: WeightNorm, module: {type: Linear, …}}`. The
    weight is made of parametrizations.weight.original0, the lengths, and parametrizations.weight.original1. For inputs
    beyond the first see the layer inside.

    Source: torch.nn.utils.parametrizations.weight_norm. What it calls name is tensor_name, as in
    register_parametrization, for name is that of the entry.
    """

    module: Wrapped = wrapped(take=lambda _, x: x, every=True)
    tensor_name: _Name = "weight"
    dim: _Axis = 0

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        yield from self._hold_name("C1")
        weight = self._weight()
        if isinstance(self.dim, Unknown):
            yield Broken(None, "dim is not known before the model runs", "dim", None, "MS307")
        elif weight is not None and self.dim is not None and not -len(weight.axes) <= self.dim < len(weight.axes):
            message = f"dim is {self.dim}, but {self.tensor_name} has {len(weight.axes)} axes"
            yield Broken("C2", message, "dim", f"from 0 to {len(weight.axes) - 1}, or null for the whole", "MS309")

    def _lengths(self, weight: Tensor) -> tuple[Axis, ...]:
        if self.dim is None or self.dim == -1:
            return ()
        kept = self.dim % len(weight.axes)
        return tuple([each if at == kept else Axis("norm", 1) for at, each in enumerate(weight.axes)])

    def _make(self, weight: Tensor) -> Iterator[Tensor]:
        yield Tensor(f"parametrizations.{self.tensor_name}.original0", self._lengths(weight))
        yield weight._replace(name=f"parametrizations.{self.tensor_name}.original1")

    def parameters_by_hand(self) -> str | None:
        weight = self._weight()
        inside = self.module.layer.parameters_by_hand()
        if inside is None:
            return None
        assert weight is not None
        return f"{inside} + {numel([size for _, size in self._lengths(weight)])}"

    examples = (
        Example(
            {"module": {"type": "Linear", "out_features": 20}}, input=(10,), output=(20,), parameters=240, macs=200
        ),
        Example(
            {"module": {"type": "Conv1d", "out_channels": 8, "kernel_size": 3}, "dim": None},
            input=(4, 9),
            output=(8, 7),
            parameters=105,
            macs=672,
        ),
        Example(
            {"module": {"type": "LSTM", "hidden_size": 3}, "tensor_name": "weight_hh_l0", "dim": 1},
            input=(7, 10),
            output=(7, 3),
            parameters=183,
        ),
        Example(
            {
                "module": {"type": "MultiheadAttention", "embed_dim": 8, "num_heads": 2, "batch_first": True},
                "tensor_name": "in_proj_weight",
            },
            inputs=((5, 8), (7, 8), (7, 8)),
            output=(5, 8),
            parameters=312,
            macs=2_096,
        ),
        Example({"module": "ReLU"}, input=(10,), breaks="C1", code="MS305"),
        Example({"module": {"type": "Linear", "out_features": 20}, "dim": 2}, input=(10,), breaks="C2", code="MS309"),
        Example({"module": {"type": "Linear", "in_features": 8, "out_features": 20}}, input=(10,), code="MS304"),
    )


class SpectralNorm(_Parametrized):
    """A layer whose weight is divided by the largest singular value that it has as a matrix.

    C1  module has a parameter that is called tensor_name.
    C2  dim is the number of an axis of that parameter, from the end if it is negative.

    It is written around the layer, and stands in its place: `{type: SpectralNorm, module: {type: Linear, …}}`. The
    weight is made of parametrizations.weight.original; two vectors, by which the value is found, are buffers. dim is
    the axis of the weight that the matrix has as rows; left out, it is that of what comes out. For inputs beyond the
    first see the layer inside.

    Source: torch.nn.utils.parametrizations.spectral_norm. What it calls name is tensor_name, as in
    register_parametrization, for name is that of the entry.
    """

    module: Wrapped = wrapped(take=lambda _, x: x, every=True)
    tensor_name: _Name = "weight"
    n_power_iterations: Size = 1
    eps: Annotated[float, Number(0)] = 1e-12
    dim: _Axis = None

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        yield from self._hold_name("C1")
        weight = self._weight()
        if isinstance(self.dim, Unknown):
            yield Broken(None, "dim is not known before the model runs", "dim", None, "MS307")
        elif weight is not None and not -len(weight.axes) <= self._rows() < len(weight.axes):
            message = f"dim is {self._rows()}, but {self.tensor_name} has {len(weight.axes)} axes"
            yield Broken("C2", message, "dim", f"from 0 to {len(weight.axes) - 1}", "MS309")

    def _rows(self) -> int:
        if self.dim is None:
            return 1 if isinstance(self.module.layer, _OUTPUTS_FIRST) else 0
        return self.dim

    def _make(self, weight: Tensor) -> Iterator[Tensor]:
        yield weight._replace(name=f"parametrizations.{self.tensor_name}.original")
        if len(weight.axes) < 2:
            return
        rows = weight.axes[self._rows()]
        columns = [size for axis, (_, size) in enumerate(weight.axes) if axis != self._rows() % len(weight.axes)]
        yield Tensor(f"parametrizations.{self.tensor_name}.0._u", (rows,), "buffer")
        yield Tensor(f"parametrizations.{self.tensor_name}.0._v", (Axis("columns", numel(columns)),), "buffer")

    def parameters_by_hand(self) -> str | None:
        text: str | None = self.module.layer.parameters_by_hand()
        return text

    examples = (
        Example(
            {"module": {"type": "Linear", "out_features": 20}}, input=(10,), output=(20,), parameters=220, macs=200
        ),
        Example(
            {"module": {"type": "ConvTranspose1d", "out_channels": 8, "kernel_size": 3}, "n_power_iterations": 2},
            input=(4, 9),
            output=(8, 11),
            parameters=104,
        ),
        Example(
            {"module": {"type": "Bilinear", "out_features": 2}, "dim": -1},
            inputs=((4,), (3,)),
            output=(2,),
            parameters=26,
        ),
        Example({"module": "ReLU"}, input=(10,), breaks="C1", code="MS305"),
        Example({"module": {"type": "Linear", "out_features": 20}, "dim": -3}, input=(10,), breaks="C2", code="MS309"),
        Example({"module": {"type": "Linear", "out_features": 20}, "n_power_iterations": 0}, input=(10,), code="MS206"),
    )
