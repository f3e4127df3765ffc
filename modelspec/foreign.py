"""A layer class of another package, held to what a class of the catalogue is: what it raises is a finding, no fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from modelspec.expressions import parse
from modelspec.layer import Axis, Broken, Layer, Tensor
from modelspec.shape import Unknown

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["guard"]

# What `fitting` makes: it stands above, and calls this.
Fitted = Any


def guard(
    layer: type[Layer], inputs: int, fit: Callable[[], tuple[Fitted | None, list[Broken]]]
) -> tuple[Fitted | None, list[Broken]]:
    """What `fit` makes of the layer; MS207 in its stead if the class fails, or gives what is no shape, tensor or count.

    What only words the numbers is tried, too, so that what is asked for it later has been seen to work.
    """
    try:
        fitted, broken = fit()
        for problem in broken:
            _hold_problem(problem, inputs)
        if fitted is not None:
            _hold_numbers(fitted)
            _hold_words(fitted)
    # Whatever a package does, leaving the program included, is no fault of the spec or of ours.
    except (Exception, SystemExit) as error:
        return None, [_tell(layer, error)]
    return fitted, broken


def _tell(layer: type[Layer], error: BaseException) -> Broken:
    first = str(error).partition("\n")[0]
    told = f"{type(error).__name__}{f': {first}' if first else ''}"
    told = first if isinstance(error, _Unfit) else f"{_find_method(error.__traceback__)} raises {told}"
    message = f"{layer.type_name()} is a {layer.dialect} layer of {layer.brought_by}, and cannot be used here: {told}"
    return Broken(None, message, code="MS207", hint="report it to who makes the package, or say `Custom` here")


def _find_method(trace: TracebackType | None) -> str:
    """The function of the package in which it came to that, the outermost one."""
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] != "modelspec":
            return trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    return "what it gives"


class _Unfit(Exception):
    """What a method gives is not of the kind that it is to give."""


def _hold(value: Any, kind: Any, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, kind):
        raise _Unfit(f"{what} gives {value!r:.60}")


def _hold_problem(problem: Any, inputs: int) -> None:
    _hold(problem, Broken, "constrain")
    if problem.axis is not None and not 0 <= problem.input < max(inputs, 1):
        raise _Unfit(f"constrain blames input {problem.input}, of {inputs}")


def _hold_numbers(fitted: Fitted) -> None:
    for value in fitted.outputs.values():
        _hold(value.shape, tuple, "output_shape")
        _hold_each(value.shape, (int, Unknown), "output_shape")
    _hold(fitted.macs, (int, Unknown), "count_macs")
    _hold_each(fitted.tensors, Tensor, "list_tensors")
    for tensor in fitted.tensors:
        _hold(tensor.name, str, "list_tensors")
        _hold(tensor.axes, tuple, "list_tensors")
        _hold_each(tensor.axes, Axis, "list_tensors")
        _hold_each((axis.size for axis in tensor.axes), (int, Unknown), "list_tensors")


def _hold_each(values: Iterable[Any], kind: Any, what: str) -> None:
    for value in values:
        _hold(value, kind, what)


def _hold_words(fitted: Fitted) -> None:
    layer, output = fitted.layer, fitted.output_shape
    shapes = [value.shape for value in fitted.inputs]
    names = {**layer.names(), **{layer.input_name_at(n): shape for n, shape in enumerate(shapes)}, "output": output}
    _hold_each(layer.conventions(), str, "conventions")
    _hold(layer.mend_missing_axis(), (str, type(None)), "mend_missing_axis")
    texts: dict[str, Any] = {
        "parameters_by_hand": layer.parameters_by_hand(),
        "macs_by_hand": layer.macs_by_hand(*shapes, output),
    }
    for axis, text in layer.output_by_hand(*shapes).items():
        _hold(axis, str, "output_by_hand")
        texts[f"output_by_hand, {axis},"] = text
    for what, text in texts.items():
        _hold(text, (str, type(None)), what)
        if text is not None:
            parse(text).evaluate(names)
