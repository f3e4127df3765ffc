"""torch: arithmetic on what arrives."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from modelspec.catalogue.torch.broadcasting import broadcast, find_clash, name_input, refuse, refuse_clash
from modelspec.kinds import Number, Optional
from modelspec.layer import Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import UNKNOWN, Count, Shape, differs, numel

_Other = Annotated[float | None, Optional(Number())]


class _Elementwise(Layer):
    input_names = ("input", "other")
    promotes = True

    other: _Other = None

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        if self.other is None and len(shapes) == 1:
            hint = "name them: `inputs: [a, b]`; or give the number as `other`"
            yield Broken("C1", "takes two inputs, or one and a number, but one arrives", None, hint, "MS312")
        elif self.other is not None and len(shapes) > 1:
            message = f"other is {self.other}, which stands for a second input, but {len(shapes)} arrive"
            yield Broken("C1", message, "other", "leave other out, or name one input", "MS312")
        else:
            broken = refuse("C2", name_input, shapes)
            if broken:
                yield broken

    def dtypes_of_results(self) -> Mapping[str, str]:
        # A floating-point number makes one of integers, even 1.0.
        return {"output": "float"} if isinstance(self.other, float) else self.result_dtypes

    def output_shape(self, *shapes: Shape) -> Shape:
        return broadcast(*shapes)


class Add(_Elementwise):
    """The sum of all that arrives; or of one input and a number, `other`.

    C1  Two inputs or more arrive, or one input and `other` is given.
    C2  The samples' sizes, counted from the last axis, are equal or one of them is 1, which is stretched.

    A sample with fewer axes has no batch in torch (it is a `Parameter` or a `Buffer`), or needs an `Unsqueeze`.

    Source: torch.add, and "Broadcasting semantics" in torch's notes.
    """

    arity = (1, None)

    examples = (
        Example({}, inputs=((64, 56, 56), (64, 56, 56)), output=(64, 56, 56), parameters=0, macs=0),
        Example({}, inputs=((10, 768), (768,), (10, 1)), output=(10, 768)),
        Example({}, inputs=((UNKNOWN, 768), (10, UNKNOWN)), output=(10, 768)),
        Example({"other": 1}, input=(8,), output=(8,)),
        Example({}, input=(8,), breaks="C1", code="MS312"),
        Example({"other": 1}, inputs=((8,), (8,)), breaks="C1", code="MS312"),
        Example({}, inputs=((64, 56, 56), (256, 56, 56)), breaks="C2", code="MS313"),
        Example({}, inputs=((1, 5), (4, 1), (3, 5)), breaks="C2", code="MS313"),
    )


class Sub(_Elementwise):
    """The first input less the second; or less a number, `other`.

    C1  Two inputs arrive, or one input and `other` is given.
    C2  The samples' sizes, counted from the last axis, are equal or one of them is 1, which is stretched.

    A sample with fewer axes has no batch in torch (it is a `Parameter` or a `Buffer`), or needs an `Unsqueeze`.

    Source: torch.sub, and "Broadcasting semantics" in torch's notes.
    """

    arity = (1, 2)

    examples = (
        Example({}, inputs=((10, 8), (10, 1)), output=(10, 8), parameters=0, macs=0),
        Example({"other": 0.5}, input=(8,), output=(8,)),
        Example({}, input=(8,), breaks="C1", code="MS312"),
        Example({}, inputs=((10, 8), (8, 10)), breaks="C2", code="MS313"),
    )


class Mul(_Elementwise):
    """The product of all that arrives, element by element; or of one input and a number, `other`.

    C1  Two inputs or more arrive, or one input and `other` is given.
    C2  The samples' sizes, counted from the last axis, are equal or one of them is 1, which is stretched.

    A sample with fewer axes has no batch in torch (it is a `Parameter` or a `Buffer`), or needs an `Unsqueeze`.

    Source: torch.mul, and "Broadcasting semantics" in torch's notes.
    """

    arity = (1, None)

    examples = (
        Example({}, inputs=((96, 28, 28), (96, 1, 1)), output=(96, 28, 28), parameters=0, macs=0),
        Example({"other": 0.125}, input=(10, 64), output=(10, 64)),
        Example({}, input=(8,), breaks="C1", code="MS312"),
        Example({}, inputs=((96, 28, 28), (24, 1, 1)), breaks="C2", code="MS313"),
    )


class Div(_Elementwise):
    """The first input divided by the second; or by a number, `other`. Integers give floating-point numbers.

    C1  Two inputs arrive, or one input and `other` is given.
    C2  The samples' sizes, counted from the last axis, are equal or one of them is 1, which is stretched.

    A sample with fewer axes has no batch in torch (it is a `Parameter` or a `Buffer`), or needs an `Unsqueeze`.

    Source: torch.div with its default rounding_mode, and "Broadcasting semantics" in torch's notes.
    """

    arity = (1, 2)
    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    examples = (
        Example({}, inputs=((10, 8), (10, 1)), output=(10, 8), parameters=0, macs=0),
        Example({"other": 8}, input=(10, 64), output=(10, 64)),
        Example({}, inputs=((10, 8), (10, 8)), dtypes=("int64", "int64"), output=(10, 8)),
        Example({}, input=(8,), breaks="C1", code="MS312"),
        Example({}, inputs=((10, 8), (9, 8)), breaks="C2", code="MS313"),
    )


class MatMul(Layer):
    """The matrix product of two inputs, over their last two axes; a sample of one axis is a vector.

    C1  Each sample has at least one axis.
    C2  The last axis of the first has the size of the last but one (of a vector: the only one) of the second.
    C3  The axes before those two go together: counted from the last, they are equal or one of them is 1.

    A sample with fewer axes has no batch in torch (it is a `Parameter` or a `Buffer`), or needs an `Unsqueeze`.

    Source: torch.matmul.
    """

    arity = (2, 2)
    input_names = ("input", "other")
    takes = (Takes("C1", ("*", "rows", "inner"), ("inner",)), Takes("C1", ("*", "inner", "columns"), ("inner",)))
    input_dtype = "float"

    list_tensors = no_tensors

    def constrain(self, x: Shape, other: Shape) -> Iterator[Broken]:
        inner = len(other) - min(len(other), 2)
        if differs(x[-1], other[inner]):
            hint = "the last axis of the first runs against the last but one of the second"
            if not differs(x[-1], other[-1]):
                hint += "; a Transpose of the second ({dim0: -2, dim1: -1}) makes them meet"
            yield refuse_clash("C2", name_input, (x, other), (1, inner), (0, len(x) - 1), hint)
        clash = find_clash((x[:-2], other[:-2]))
        if clash:
            hint = "before the matrices, counted from the last axis, the sizes are equal or one of them is 1"
            yield refuse_clash("C3", name_input, (x, other), *clash, hint)

    def output_shape(self, x: Shape, other: Shape) -> Shape:
        return (*broadcast(x[:-2], other[:-2]), *x[-2:-1], *(other[-1:] if len(other) > 1 else ()))

    def count_macs(self, x: Shape, other: Shape, y: Shape) -> Count:
        return numel(y) * x[-1]

    def macs_by_hand(self, x: Shape, other: Shape, y: Shape) -> str:
        return "".join(f"output[{axis}] * " for axis in range(len(y))) + f"input[{len(x) - 1}]"

    examples = (
        Example({}, inputs=((8, 10, 64), (8, 64, 10)), output=(8, 10, 10), parameters=0, macs=51_200),
        Example({}, inputs=((10, 64), (64, 32)), output=(10, 32), macs=20_480),
        Example({}, inputs=((64,), (64,)), output=(), macs=64),
        Example({}, inputs=((), (64,)), breaks="C1", code="MS303"),
        Example({}, inputs=((8, 10, 64), (8, 10, 64)), breaks="C2", code="MS313"),
        Example({}, inputs=((8, 10, 64), (4, 64, 10)), breaks="C3", code="MS313"),
    )
