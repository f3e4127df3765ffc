"""keras.layers: a wrapper that bounds the weights of what it holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelspec.catalogue.keras.arguments import ActivityRegularizer
from modelspec.catalogue.keras.pairing import name_inside
from modelspec.layer import Axis, Broken, Example, Layer, Size, Takes, Tensor, Wrapped, wrapped
from modelspec.shape import UNKNOWN, Count, Shape

if TYPE_CHECKING:
    from modelspec.fitting import Fitted


class SpectralNormalization(Layer):
    """A layer whose kernel is divided by its largest singular value, in each step of training.

    C1  The input has at least one axis.
    C2  layer has one tensor called kernel or embeddings: Dense, EinsumDense, Embedding, a convolution, a depthwise or a
        transposed one.
    C3  layer has no lora_rank: its kernel is then a sum, which cannot be divided in place.
    C4  The output is what layer makes of the input.

    vector_u, as long as the kernel's last axis, is a parameter that is not trained. The products by which training
    finds the singular value are no part of a forward pass. The tensors of the layer inside are named by the attribute
    that holds it, as in a file of saved weights: layer.kernel.

    Source: keras.layers.SpectralNormalization.
    """

    takes = Takes("C1", ("*", "features"))
    input_dtype = "float"

    layer: Wrapped = wrapped(take=lambda _, x: x)
    power_iterations: Size = 1
    activity_regularizer: ActivityRegularizer = None

    def _kernel(self) -> Tensor | None:
        inside: Fitted = self.layer
        # The kernel of a recurrent layer is its cell's.
        if any(tensor.name == "recurrent_kernel" for tensor in inside.tensors):
            return None
        return next((tensor for tensor in inside.tensors if tensor.name in ("kernel", "embeddings")), None)

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self._kernel() is None:
            message = f"layer is {self.layer.layer.type_name()}, which has no kernel and no embeddings of its own"
            yield Broken("C2", message, "layer", "put a Dense, an Embedding or a convolution in it")
        elif getattr(self.layer.layer, "lora_rank", None) is not None:
            message = "layer has a lora_rank, so that its kernel is a sum, which cannot be divided in place"
            yield Broken("C3", message, "layer", "leave lora_rank out of it")

    def output_shape(self, x: Shape) -> Shape:
        shape: Shape = self.layer.output_shape
        return shape

    def list_tensors(self) -> Iterator[Tensor]:
        kernel = self._kernel()
        assert kernel is not None
        vector = Tensor("vector_u", (Axis("one", 1), kernel.axes[-1]), trainable=False)
        first, *others = name_inside(self.layer, "layer")
        # The kernel is the wrapper's, too, and stands with what is its own.
        yield from (first, vector, *others)

    def count_macs(self, x: Shape, y: Shape) -> Count:
        macs: Count = self.layer.macs
        return macs

    def conventions(self) -> Iterator[str]:
        yield from self.layer.layer.conventions()

    def parameters_by_hand(self) -> str | None:
        kernel = self._kernel()
        assert kernel is not None
        inside: str | None = self.layer.layer.parameters_by_hand()
        return None if inside is None else f"{inside} + {kernel.axes[-1].name}"

    def macs_by_hand(self, x: Shape, y: Shape) -> str | None:
        by_hand: str | None = self.layer.layer.macs_by_hand(x, y)
        return by_hand

    examples = (
        Example({"layer": {"type": "Dense", "units": 5}}, input=(3,), output=(5,), parameters=25, macs=15),
        Example(
            {"layer": {"type": "Conv2D", "filters": 64, "kernel_size": 3}, "power_iterations": 2},
            input=(32, 32, 3),
            output=(30, 30, 64),
            parameters=1_856,
            macs=1_555_200,
        ),
        Example({"layer": {"type": "DepthwiseConv2D", "kernel_size": 3}}, input=(8, 8, 4), output=(6, 6, 4)),
        Example({"layer": {"type": "Dense", "units": 5}}, input=(UNKNOWN, 3), parameters=25),
        Example({"layer": {"type": "Dense", "units": 5}}, input=(), breaks="C1", code="MS303"),
        Example({"layer": "LayerNormalization"}, input=(8, 4), breaks="C2", code="MS305"),
        Example({"layer": {"type": "Dense", "units": 5, "lora_rank": 2}}, input=(8, 4), breaks="C3", code="MS305"),
        Example({"layer": {"type": "LSTM", "units": 5}}, input=(8, 4), breaks="C2", code="MS305"),
    )
