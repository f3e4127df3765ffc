"""The way out for what the catalogue lacks."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from modelspec.kinds import Integer, ListOf, Named, Optional
from modelspec.layer import Axis, Broken, Example, Layer, Tensor
from modelspec.shape import UNKNOWN, Count, Shape

_Shape = ListOf(Integer(1), maximum=64, words="a list of sizes")
_Tensors = Annotated[Mapping[str, tuple[int, ...]], Named(_Shape, "names of tensors with their sizes")]

_NONE: Any = MappingProxyType({})


class Custom(Layer):
    """A layer that the catalogue lacks, by what it holds and gives.

    C1  A name of a tensor stands once, among parameters and buffers together.

    `parameters` and `buffers` are the tensors by name, each with its sizes; `output` is the shape of one sample of the
    result, without the batch, and left out it is that of the (first) input; `macs` are the multiply-accumulates for one
    sample, and left out they are unknown, so that a budget on them fails.

    It takes any number of inputs.
    """

    arity = (0, None)

    parameters: _Tensors = _NONE
    buffers: _Tensors = _NONE
    output: Annotated[tuple[int, ...] | None, Optional(_Shape)] = None
    macs: Annotated[int | None, Optional(Integer(0))] = None

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        for name in self.buffers:
            if name in self.parameters:
                message = f"'{name}' is a parameter and a buffer"
                yield Broken("C1", message, f"buffers.{name}", "rename one of them")
        if self.output is None and not shapes:
            yield Broken(None, "nothing arrives, so output must be given", None, "add `output: [64, 28, 28]`", "MS307")

    def output_shape(self, *shapes: Shape) -> Shape:
        return shapes[0] if self.output is None else self.output

    def list_tensors(self) -> Iterator[Tensor]:
        for kind, tensors in (("parameter", self.parameters), ("buffer", self.buffers)):
            for name, sizes in tensors.items():
                axes = tuple([Axis(f"axis_{number}", size) for number, size in enumerate(sizes, 1)])
                yield Tensor(name, axes, "buffer" if kind == "buffer" else "parameter")

    def count_macs(self, *shapes: Shape) -> Count:
        return UNKNOWN if self.macs is None else self.macs

    def parameters_by_hand(self) -> str | None:
        terms = [" * ".join(map(str, sizes)) or "1" for sizes in self.parameters.values()]
        known = all(isinstance(size, int) for sizes in self.parameters.values() for size in sizes)
        return " + ".join(terms) if terms and known else None

    examples = (
        Example(
            {"parameters": {"weight": [16, 16]}, "macs": 1_280},
            input=(5, 16),
            output=(5, 16),
            parameters=256,
            macs=1_280,
        ),
        Example({"buffers": {"table": [10]}, "output": [4]}, input=(16,), output=(4,), parameters=0),
        Example({"parameters": {"a": [2]}, "buffers": {"a": [2]}}, input=(16,), breaks="C1", code="MS305"),
    )
