"""torch: values put around what arrives."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.kinds import Choice, Integer, ListOf, Number, Optional
from modelspec.layer import Broken, Example, Layer, no_macs, no_tensors
from modelspec.shape import Dim, Shape, Unknown, show_shape

_Pads = Annotated[tuple[int, ...], ListOf(Integer(), words="a list of integers, two for each axis")]
_Mode = Annotated[str, Choice("constant", "reflect", "replicate", "circular")]
_Value = Annotated[float | None, Optional(Number())]


class Pad(Layer):
    """So many values more before and after, two numbers for each axis, the last axis first; negative ones cut off.

    C1  pad holds two numbers for an axis.
    C2  pad reaches no further than the sample's first axis: what comes before it is the batch.
    C3  In a mode other than constant, pad is for the last axes: for one axis of one or two, for two of two or three,
        for three of three or four; and no value is given.
    C4  What is mirrored is less than the axis, and what goes around is at most the axis.
    C5  What is cut off is at most the axis.

    Source: torch.nn.functional.pad.
    """

    pad: _Pads
    mode: _Mode = "constant"
    value: _Value = None

    list_tensors = no_tensors
    count_macs = no_macs

    def _sides(self, x: Shape) -> Iterator[tuple[int, Dim, Dim]]:
        """Give each axis that is padded, with what comes before and after."""
        for number in range(len(self.pad) // 2):
            yield len(x) - 1 - number, self.pad[2 * number], self.pad[2 * number + 1]

    def constrain(self, x: Shape) -> Iterator[Broken]:
        pad, axes = self.pad, len(self.pad) // 2
        if len(pad) % 2:
            message = f"pad holds {len(pad)} numbers, but each axis takes two"
            yield Broken("C1", message, "pad", "before and after the last axis, then the one before it, …")
        elif axes > len(x):
            message = f"pad is for {_say_axes(axes)}, but {show_shape(x)} has {len(x)}"
            yield Broken("C2", message, "pad", "two numbers for each axis, the last axis first, without the batch")
        elif self.mode != "constant":
            if self.value is not None:
                hint = "leave value out, or let mode be constant"
                yield Broken("C3", f"value is for mode constant, not for {self.mode}", "value", hint)
            elif not 1 <= axes <= 3 or len(x) not in (axes, axes + 1):
                message = (
                    f"pad is for {_say_axes(axes)}, and mode {self.mode} does not pad that many of {show_shape(x)}"
                )
                hint = "one to three axes, all or all but the first: two numbers for each, the last axis first"
                yield Broken("C3", message, "pad", hint)
            else:
                yield from self._hold_reach(x)
        else:
            broken = self._hold_cut(x)
            if broken:
                yield broken

    def _hold_cut(self, x: Shape) -> Broken | None:
        for axis, *sides in self._sides(x):
            size = x[axis]
            cut = sum(max(-side, 0) for side in sides if isinstance(side, int))
            if isinstance(size, int) and cut > size:
                message = f"pad cuts {cut} off axis {axis + 1} of {show_shape(x)}"
                return Broken("C5", message, "pad", "cut off less than the axis", "MS306", axis)
        return None

    def _hold_reach(self, x: Shape) -> Iterator[Broken]:
        for axis, before, after in self._sides(x):
            size = x[axis]
            for amount in (before, after):
                if isinstance(size, Unknown) or isinstance(amount, Unknown) or self.mode == "replicate":
                    continue
                if amount > size - (self.mode == "reflect"):
                    limit = "less than" if self.mode == "reflect" else "at most"
                    message = (
                        f"mode {self.mode} pads by {limit} the axis: {amount} on axis {axis + 1} of {show_shape(x)}"
                    )
                    yield Broken(
                        "C4", message, "pad", "pad by less, or let mode be constant or replicate", "MS306", axis
                    )
                    return

    def output_shape(self, x: Shape) -> Shape:
        shape = list(x)
        for axis, before, after in self._sides(x):
            shape[axis] = shape[axis] + before + after
        return tuple(shape)

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        last = len(x) - 1
        steps = {
            f"axis {axis + 1}": f"input[{axis}] + pad[{2 * (last - axis)}] + pad[{2 * (last - axis) + 1}]"
            for axis, *_ in self._sides(x)
        }
        return dict(reversed(steps.items()))

    examples = (
        Example({"pad": [0, 1, 0, 1]}, input=(3, 32, 31), output=(3, 33, 32), parameters=0, macs=0),
        Example({"pad": [-1, 2], "value": 0.5}, input=(10, 8), output=(10, 9)),
        Example({"pad": [1, -8]}, input=(3, 8), output=(3, 1)),
        Example({"pad": [3, 3, 1, 1], "mode": "reflect"}, input=(3, 8, 8), output=(3, 10, 14)),
        Example({"pad": [1, 1, 1]}, input=(3, 8, 8), breaks="C1", code="MS305"),
        Example({"pad": [1, 1, 1, 1]}, input=(8,), breaks="C2", code="MS305"),
        Example({"pad": [1, 1], "mode": "reflect"}, input=(3, 8, 8), breaks="C3", code="MS305"),
        Example({"pad": [1] * 8, "mode": "reflect"}, input=(4, 4, 4, 4), breaks="C3", code="MS305"),
        Example({"pad": [], "mode": "reflect"}, input=(8,), breaks="C3", code="MS305"),
        Example({"pad": [1, 1], "mode": "reflect", "value": 1}, input=(3, 8), breaks="C3", code="MS305"),
        Example({"pad": [8, 0], "mode": "reflect"}, input=(3, 8), breaks="C4", code="MS306"),
        Example({"pad": [9, 0], "mode": "circular"}, input=(3, 8), breaks="C4", code="MS306"),
        Example({"pad": [-1, -1]}, input=(1,), breaks="C5", code="MS306"),
        Example({"pad": [4, -9]}, input=(3, 8), breaks="C5", code="MS306"),
    )


def _say_axes(number: int) -> str:
    return "one axis" if number == 1 else f"{number} axes"
