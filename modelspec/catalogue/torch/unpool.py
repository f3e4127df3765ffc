"""torch.nn: what a pooling kept, put back where it came from."""

from collections.abc import Iterator
from typing import Any, ClassVar

from modelspec.catalogue.torch.window import SPATIAL
from modelspec.layer import (
    Broken,
    Example,
    Layer,
    NonNegativePerAxis,
    OptionalSizePerAxis,
    SizePerAxis,
    Takes,
    no_macs,
    no_tensors,
)
from modelspec.shape import Dim, Shape, Unknown, differs, show_shape

# One number as a default stands for one on every spatial axis.
_ZEROS: Any = 0


class _MaxUnpool(Layer):
    rank: ClassVar[int]
    arity = (2, 2)
    input_names = ("input", "indices")
    input_dtype = ("float", "integer")

    kernel_size: SizePerAxis
    stride: OptionalSizePerAxis = None
    padding: NonNegativePerAxis = _ZEROS
    output_size: OptionalSizePerAxis = None

    list_tensors = no_tensors
    count_macs = no_macs

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "stride": self._strides()}

    def _strides(self) -> tuple[int, ...]:
        return self.kernel_size if self.stride is None else self.stride

    def _widen(self, size: Dim, axis: int) -> Dim:
        # Source: torch.nn.MaxUnpool2d, "Shape".
        return (size - 1) * self._strides()[axis] - 2 * self.padding[axis] + self.kernel_size[axis]

    def constrain(self, x: Shape, indices: Shape) -> Iterator[Broken]:
        if len(x) != len(indices) or any(map(differs, x, indices)):
            message = f"there is an index for each value, but {show_shape(x)} and {show_shape(indices)} arrive"
            hint = "the indices of the pooling whose result this is: `inputs: [x, pool:indices]`"
            yield Broken("C2", message, None, hint, "MS313")
            return
        if self.output_size is None:
            return
        first = len(x) - self.rank
        for axis, name in enumerate(SPATIAL[self.rank]):
            size, stride, wanted = self._widen(x[first + axis], axis), self._strides()[axis], self.output_size[axis]
            if isinstance(size, Unknown) or isinstance(stride, Unknown) or isinstance(wanted, Unknown):
                continue
            if abs(wanted - size) < stride:
                continue
            message = f"output_size has a {name} of {wanted}, but windows of a {name} of {x[first + axis]} come from "
            message += f"{size - stride + 1} to {size + stride - 1}"
            yield Broken("C3", message, "output_size", "the size that the pooling was given", "MS306", first + axis)
            return

    def output_shape(self, x: Shape, indices: Shape) -> Shape:
        first = len(x) - self.rank
        if self.output_size is not None:
            return (*x[:first], *self.output_size)
        return (*x[:first], *[self._widen(x[first + axis], axis) for axis in range(self.rank)])

    def output_by_hand(self, x: Shape, indices: Shape) -> dict[str, str]:
        if self.output_size is not None:
            return {}
        first = len(x) - self.rank
        stride = "kernel_size" if self.stride is None else "stride"
        steps = {}
        for axis, name in enumerate(SPATIAL[self.rank]):
            kept = f"(input[{first + axis}] - 1) * {stride}[{axis}] - 2 * padding[{axis}]"
            steps[name] = f"{kept} + kernel_size[{axis}]"
        return steps


def _dtypes(values: str = "float32") -> tuple[str, str]:
    return values, "int64"


class MaxUnpool1d(_MaxUnpool):
    """Values put back where a MaxPool1d found them, by its indices; zeros elsewhere.

    C1  The inputs have a length, and before it may have channels.
    C2  There is an index for each value.
    C3  output_size differs from (length − 1) × stride − 2 × padding + kernel_size by less than stride.

    `output_size` is that of the call: without the batch and the channels.

    Source: torch.nn.MaxUnpool1d.
    """

    rank = 1
    takes = Takes("C1", ("channels", "length"), ("length",))

    examples = (
        Example({"kernel_size": 2}, inputs=((4, 5), (4, 5)), dtypes=_dtypes(), output=(4, 10), parameters=0, macs=0),
        Example({"kernel_size": 3, "stride": 2, "padding": 1}, inputs=((5,), (5,)), dtypes=_dtypes(), output=(9,)),
        Example({"kernel_size": 2, "output_size": 11}, inputs=((4, 5), (4, 5)), dtypes=_dtypes(), output=(4, 11)),
        Example({"kernel_size": 2}, inputs=((4, 5), (4, 5)), code="MS308"),
        Example({"kernel_size": 2}, inputs=((2, 4, 5), (2, 4, 5)), dtypes=_dtypes(), breaks="C1", code="MS303"),
        Example({"kernel_size": 2}, inputs=((4, 5), (4, 6)), dtypes=_dtypes(), breaks="C2", code="MS313"),
        Example(
            {"kernel_size": 2, "output_size": 12},
            inputs=((4, 5), (4, 5)),
            dtypes=_dtypes(),
            breaks="C3",
            code="MS306",
        ),
    )


class MaxUnpool2d(_MaxUnpool):
    """Values put back where a MaxPool2d found them, by its indices; zeros elsewhere.

    C1  The inputs have a height and a width, and before them may have channels.
    C2  There is an index for each value.
    C3  output_size differs from (size − 1) × stride − 2 × padding + kernel_size by less than stride, on each axis.

    `output_size` is that of the call: without the batch and the channels.

    Source: torch.nn.MaxUnpool2d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))

    examples = (
        Example(
            {"kernel_size": 2}, inputs=((4, 5, 6),) * 2, dtypes=_dtypes(), output=(4, 10, 12), parameters=0, macs=0
        ),
        Example(
            {"kernel_size": [2, 3], "stride": [2, 1], "padding": [0, 1]},
            inputs=((4, 5, 6), (4, 5, 6)),
            dtypes=_dtypes(),
            output=(4, 10, 6),
        ),
        Example(
            {"kernel_size": 2, "output_size": [11, 9]}, inputs=((4, 5, 5),) * 2, dtypes=_dtypes(), output=(4, 11, 9)
        ),
        Example({"kernel_size": 2}, inputs=((4,), (4,)), dtypes=_dtypes(), breaks="C1", code="MS303"),
        Example({"kernel_size": 2}, inputs=((4, 5, 6), (4, 6, 6)), dtypes=_dtypes(), breaks="C2", code="MS313"),
        Example(
            {"kernel_size": 2, "output_size": [10, 8]},
            inputs=((4, 5, 5), (4, 5, 5)),
            dtypes=_dtypes(),
            breaks="C3",
            code="MS306",
        ),
    )


class MaxUnpool3d(_MaxUnpool):
    """Values put back where a MaxPool3d found them, by its indices; zeros elsewhere.

    C1  The inputs have a depth, a height and a width, and before them may have channels.
    C2  There is an index for each value.
    C3  output_size differs from (size − 1) × stride − 2 × padding + kernel_size by less than stride, on each axis.

    `output_size` is that of the call: without the batch and the channels.

    Source: torch.nn.MaxUnpool3d.
    """

    rank = 3
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))

    examples = (
        Example(
            {"kernel_size": 2},
            inputs=((4, 3, 5, 6),) * 2,
            dtypes=_dtypes(),
            output=(4, 6, 10, 12),
            parameters=0,
            macs=0,
        ),
        Example(
            {"kernel_size": 3, "stride": 2, "padding": 1, "output_size": [6, 9, 10]},
            inputs=((4, 3, 5, 5),) * 2,
            dtypes=_dtypes(),
            output=(4, 6, 9, 10),
        ),
        Example({"kernel_size": 2}, inputs=((4, 5), (4, 5)), dtypes=_dtypes(), breaks="C1", code="MS303"),
        Example({"kernel_size": 2}, inputs=((4, 5, 6), (4, 6, 6)), dtypes=_dtypes(), breaks="C2", code="MS313"),
        Example(
            {"kernel_size": 2, "output_size": [6, 10, 8]},
            inputs=((4, 3, 5, 5),) * 2,
            dtypes=_dtypes(),
            breaks="C3",
            code="MS306",
        ),
    )
