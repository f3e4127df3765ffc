"""torch: tensors of the model's own, which flow without anything arriving."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from modelspec.kinds import Integer, ListOf
from modelspec.layer import Axis, Broken, Example, Layer, Tensor, no_macs
from modelspec.shape import Shape, Unknown, show_shape

_Shape = Annotated[tuple[int, ...], ListOf(Integer(1), single=True, words="a list of sizes")]


class _Held(Layer):
    arity = (0, 0)
    result = "held"
    kind: ClassVar[Literal["parameter", "buffer"]]

    shape: _Shape
    batch_axis: bool = False

    count_macs = no_macs

    def constrain(self) -> Iterator[Broken]:
        for axis, size in enumerate(self.shape):
            if isinstance(size, Unknown):
                cause = ", ".join(sorted(size.causes)) or "it"
                message = f"shape is {show_shape(self.shape)}, whose axis {axis + 1} is not known before the model runs"
                yield Broken(None, message, "shape", f"give {cause} a value in `variables`", "MS307")
                return
        if self.batch_axis and self.shape[:1] != (1,):
            message = f"batch_axis is true, but shape {show_shape(self.shape)} does not begin with a 1 for the batch"
            hint = "write the shape as it is stored, [1, …]; or leave batch_axis out"
            yield Broken("C1", message, "shape", hint)

    def output_shape(self) -> Shape:
        return self.shape[1:] if self.batch_axis else self.shape

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("", tuple([Axis(f"axis_{n}", size) for n, size in enumerate(self.shape, 1)]), self.kind)


class Parameter(_Held):
    """A tensor that is learned: a class token, a table of positions, a scale. Its path is the layer's own.

    C1  With batch_axis, the stored shape begins with an axis of 1, which stands for the batch.
    C2  The output is the stored tensor; with batch_axis, without its first axis.

    Source: torch.nn.Parameter.
    """

    kind = "parameter"

    def parameters_by_hand(self) -> str:
        return " * ".join(f"shape[{axis}]" for axis in range(len(self.shape))) or "1"

    examples = (
        Example({"shape": [1, 197, 768], "batch_axis": True}, output=(197, 768), parameters=151_296, macs=0),
        Example({"shape": [169, 3]}, output=(169, 3), parameters=507),
        Example({"shape": []}, output=(), parameters=1),
        Example({"shape": [197, 768], "batch_axis": True}, breaks="C1", code="MS305"),
        Example({"shape": [], "batch_axis": True}, breaks="C1", code="MS305"),
        Example({"shape": [Unknown("length"), 8]}, code="MS307", field="shape"),
    )


class Buffer(_Held):
    """A tensor that is saved with the model and not learned: a table of indices, a mask. Its path is the layer's own.

    C1  With batch_axis, the stored shape begins with an axis of 1, which stands for the batch.
    C2  The output is the stored tensor; with batch_axis, without its first axis.

    What flows has the dtype of the entry: `{type: Buffer, shape: [2401], dtype: int64}`.

    Source: torch.nn.Buffer.
    """

    kind = "buffer"

    examples = (
        Example({"shape": [2401]}, output=(2401,), parameters=0, macs=0),
        Example({"shape": [1, 512], "batch_axis": True}, output=(512,)),
        Example({"shape": [2, 512], "batch_axis": True}, breaks="C1", code="MS305"),
    )
