"""The modules that a layer is held against: those of torch.nn, and the few that torchvision and transformers have."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

import torch
from torch import Tensor

from .operations import level

ELSEWHERE = {
    "Conv1D": "transformers.pytorch_utils",
    "Conv2dNormActivation": "torchvision.ops.misc",
    "Conv3dNormActivation": "torchvision.ops.misc",
    "DeformConv2d": "torchvision.ops.deform_conv",
    "DropBlock2d": "torchvision.ops.drop_block",
    "DropBlock3d": "torchvision.ops.drop_block",
    "FrozenBatchNorm2d": "torchvision.ops.misc",
    "MLP": "torchvision.ops.misc",
    "SqueezeExcitation": "torchvision.ops.misc",
    "LayerNorm2d": "torchvision.models.convnext",
    "StochasticDepth": "torchvision.ops.stochastic_depth",
}
"""The modules of the layers that torch.nn has not."""


class MultiheadAttention(torch.nn.MultiheadAttention):
    """Torch's own, which may be called with fewer than three: the last one stands for those that are left out."""

    def forward(self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """The result and the weights of attention, averaged over the heads."""
        key = query if key is None else key
        result, weights = super().forward(query, key, key if value is None else value)
        assert weights is not None
        return result, weights


def take_size(unpool: type[torch.nn.Module], rank: int) -> type[torch.nn.Module]:
    """The unpooling of this class, with the size of the result, which belongs to the call, among its arguments."""

    class Unpool(unpool):  # type: ignore[valid-type, misc]
        def __init__(self, *args: Any, output_size: Any = None, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.size = (output_size,) * rank if isinstance(output_size, int) else output_size

        def forward(self, input: Tensor, indices: Tensor) -> Any:
            return super().forward(input, indices, None if self.size is None else list(self.size))

    return Unpool


def take_states(layer: type[torch.nn.Module]) -> type[torch.nn.Module]:
    """The LSTM, layer or cell, whose two states are inputs of their own instead of a pair."""

    class Recurrent(layer):  # type: ignore[valid-type, misc]
        def forward(self, input: Tensor, h_0: Tensor | None = None, c_0: Tensor | None = None) -> Any:
            if h_0 is not None and c_0 is None:
                raise TypeError("h_0 without c_0")
            return super().forward(input, None if h_0 is None else (h_0, c_0))

    return Recurrent


class AdaptiveLogSoftmaxWithLoss(torch.nn.AdaptiveLogSoftmaxWithLoss):
    """Torch's own, called for the log-probabilities of all classes instead of for one sample's loss."""

    def forward(self, input: Tensor) -> Tensor:  # type: ignore[override]
        """The log-probabilities."""
        return self.log_prob(input)


def align(distance: type[torch.nn.Module]) -> type[torch.nn.Module]:
    """The distance of this class, of samples that are aligned at their last axes, as in a sum."""

    class Distance(distance):  # type: ignore[valid-type, misc]
        def forward(self, x1: Tensor, x2: Tensor) -> Any:
            return super().forward(*level((x1, x2)))

    return Distance


ADAPTED: dict[str, type[torch.nn.Module]] = {
    "AdaptiveLogSoftmaxWithLoss": AdaptiveLogSoftmaxWithLoss,
    "CosineSimilarity": align(torch.nn.CosineSimilarity),
    "LSTM": take_states(torch.nn.LSTM),
    "LSTMCell": take_states(torch.nn.LSTMCell),
    "MaxUnpool1d": take_size(torch.nn.MaxUnpool1d, 1),
    "MaxUnpool2d": take_size(torch.nn.MaxUnpool2d, 2),
    "MaxUnpool3d": take_size(torch.nn.MaxUnpool3d, 3),
    "MultiheadAttention": MultiheadAttention,
    "PairwiseDistance": align(torch.nn.PairwiseDistance),
}
"""The modules that a spec feeds otherwise than Python does."""


PARAMETRIZATIONS: dict[str, Callable[..., torch.nn.Module]] = {
    "SpectralNorm": torch.nn.utils.parametrizations.spectral_norm,
    "WeightNorm": torch.nn.utils.parametrizations.weight_norm,
}
"""What is a function of a module in torch, and gives back that module, by the name of the layer."""


def find_class(name: str) -> type[torch.nn.Module]:
    """The class by the name of its layer."""
    if name in ADAPTED:
        return ADAPTED[name]
    if name not in ELSEWHERE:
        return getattr(torch.nn, name)  # type: ignore[no-any-return]
    if ELSEWHERE[name].startswith("torchvision."):
        lay_torchvision()
    found: type[torch.nn.Module] = getattr(import_module(ELSEWHERE[name]), name)
    return bend(found) if name == "DeformConv2d" else found


def bend(layer: type[torch.nn.Module]) -> type[torch.nn.Module]:
    """The bent convolution of this class, called as a straight one: its operator is compiled, and not there.

    What the operator holds against its inputs is held here: torchvision, csrc/ops/cpu/deform_conv2d_kernel.cpp.
    """

    class Bent(layer):  # type: ignore[valid-type, misc]
        def forward(self, input: Tensor, offset: Tensor, mask: Tensor | None = None) -> Tensor:
            result = torch.nn.functional.conv2d(
                input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
            )
            places = self.weight.shape[2] * self.weight.shape[3]
            groups = offset.shape[1] // (2 * places)
            wanted = (len(input), 2 * groups * places, *result.shape[2:])
            if not groups or input.shape[1] % groups or tuple(offset.shape) != wanted or input.ndim != 4:
                raise ValueError(f"the offset is {tuple(offset.shape)}, not {wanted}")
            if mask is not None and tuple(mask.shape) != (len(input), groups * places, *result.shape[2:]):
                raise ValueError(f"the mask is {tuple(mask.shape)}")
            if offset.dtype != input.dtype or (mask is not None and mask.dtype != input.dtype):
                raise ValueError("the inputs differ in dtype")
            return result

    return Bent


def lay_torchvision() -> None:
    """Let torchvision's modules be imported without the package's own start.

    It registers compiled operators, which are not there where torch and torchvision are built for different machines.
    None of the classes needs them.
    """
    if "torchvision" not in sys.modules:
        spec = find_spec("torchvision")
        assert spec is not None, "torchvision is not installed (extra `oracle`)"
        sys.modules["torchvision"] = module_from_spec(spec)
