"""What torch makes of a layer: built and run on the meta device, and once on the processor."""

from __future__ import annotations

import inspect
import re
import warnings
from typing import Any, get_overloads

import torch
from torch.utils.flop_counter import FlopCounterMode

from modelspec.catalogue import find, list_names
from modelspec.layer import Layer, fields_of

from .classes import ELSEWHERE, PARAMETRIZATIONS, find_class
from .exceptions import OTHER_DEFAULT
from .operations import HELD, OPERATIONS, Operation, name_own
from .outcome import Outcome, Question, Shape

FRAMEWORK = f"torch {torch.__version__.partition('+')[0]}"

# What is run is tiny: threads would only wait for one another.
torch.set_num_threads(1)

# Nor are there fused operations that skip what a layer is made of.
torch.backends.mha.set_fastpath_enabled(False)

# Two batches: the axis that goes from the one to the other is the batch. Both are larger than the sizes that are drawn,
# so that a batch that is taken for channels does not pass.
BATCHES = (101, 103)

# Fused operations that the counter has no formula for: with one of them its sum is no count.
UNCOUNTED = frozenset(
    {"mkldnn_rnn_layer", "lstm", "gru", "_native_multi_head_attention", "_transformer_encoder_layer_fwd", "_trilinear"}
)


# Arguments that are classes in torchvision, and names of types in a spec.
BY_CLASS = frozenset({"activation", "activation_layer", "norm_layer", "scale_activation"})


class Counter(FlopCounterMode):
    """The flop counter, which also tells whether all that it saw is in its sum."""

    def __init__(self) -> None:
        super().__init__(display=False)
        self.complete = True

    def _count_flops(self, func_packet: Any, out: Any, args: Any, kwargs: Any) -> Any:
        if func_packet.__name__ in UNCOUNTED:
            self.complete = False
        return super()._count_flops(func_packet, out, args, kwargs)


class MixedBatchError(ValueError):
    """A result in which the samples of a batch are not apart."""


def ask(layer: type[Layer], question: Question) -> Outcome:
    """What torch makes of the question. What only the processor refuses is refused: meta tensors hold no values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            counter = Counter()
            with counter:
                module, first = _run(layer, question, "meta", BATCHES[0])
            _, second = _run(layer, question, "cpu", BATCHES[1])
            outputs = tuple(drop_batch(one, two) for one, two in zip(first, second, strict=True))
            if layer.type_name() in OPERATIONS:
                hold_batch_first(first)
        except Exception as error:  # whatever torch raises is its refusal
            return Outcome(shorten(error))
    saved = set(module.state_dict())
    return Outcome(
        None,
        tuple((name_own(name), tuple(t.shape), t.requires_grad) for name, t in module.named_parameters()),
        tuple((name_own(name), tuple(t.shape)) for name, t in module.named_buffers() if name in saved),
        outputs,
        counter.get_total_flops() // 2 // BATCHES[0] if counter.complete else None,
    )


def shorten(error: Exception) -> str:
    """The first words of an error, as a reason; what Keras puts before every one is left out."""
    message = re.sub(r"\x1b\[\d+m|Exception encountered when calling \w+\.call\(\)\.", "", str(error))
    return " ".join(f"{type(error).__name__}: {message}".split())[:80]


def _run(layer: type[Layer], question: Question, device: str, batch: int) -> tuple[torch.nn.Module, list[torch.Tensor]]:
    at = place_batch(layer, question.arguments)
    names = [layer.input_name_at(number) for number in range(len(question.inputs))]
    # Of states, the first axis is that of the layers.
    places = [1 if name in ("h_0", "c_0") and len(layer.takes_at(1).layouts[0]) == 2 else at for name in names]
    with torch.device(device), torch.no_grad():
        tensors = [
            torch.zeros((*shape[:at], batch, *shape[at:]), dtype=getattr(torch, dtype))
            for at, shape, dtype in zip(places, question.inputs, question.dtypes, strict=True)
        ]
        module = build(layer.type_name(), complete(layer, question.arguments, question.inputs, batch), batch).eval()
        if len(names) > 1 and set(names) <= set(inspect.signature(module.forward).parameters):
            return module, flatten(module(**dict(zip(names, tensors, strict=True))))
        return module, flatten(module(*tensors))


def complete(layer: type[Layer], written: dict[str, Any], inputs: tuple[Shape, ...], batch: int) -> dict[str, Any]:
    """The arguments with those that are inferred, and with modules for the layers inside."""
    arguments = {name: tuple(value) if isinstance(value, list) else value for name, value in written.items()}
    for name, field in fields_of(layer).items():
        if field.way == "inferred" and name not in arguments:
            arguments[name] = field.from_shapes(inputs)
        if (
            name not in arguments
            and layer.type_name() in OPERATIONS
            and (f"torch.{layer.type_name()}", name) in OTHER_DEFAULT
        ):
            arguments[name] = field.default
        if layer.type_name() in ELSEWHERE and name in BY_CLASS and arguments.get(name) in list_names("torch"):
            arguments[name] = find_class(arguments[name])
        if field.way == "wrapped" and arguments.get(name) is not None:
            inside, own = read_entry(arguments[name])
            arguments[name] = build(inside.type_name(), complete(inside, own, inputs, batch), batch)
    return arguments


def read_entry(entry: str | dict[str, Any]) -> tuple[type[Layer], dict[str, Any]]:
    """The class and the arguments of a layer inside."""
    entry = {"type": entry} if isinstance(entry, str) else entry
    layer = find("torch", entry["type"])
    assert layer is not None, entry
    return layer, {name: value for name, value in entry.items() if name != "type"}


def place_batch(layer: type[Layer], arguments: dict[str, Any]) -> int:
    """The axis that is the batch. The recurrent layers and attention take it second, unless they are told otherwise."""
    fields = fields_of(layer)
    if "batch_first" in fields:
        return 0 if arguments.get("batch_first") else 1
    inside = [read_entry(arguments[n]) for n, field in fields.items() if field.way == "wrapped" and arguments.get(n)]
    return max((place_batch(*each) for each in inside), default=0)


def build(name: str, arguments: dict[str, Any], batch: int) -> torch.nn.Module:
    """The module of this name; for what torch has as a function or a tensor only, a module made of it."""
    if name in HELD:
        return HELD[name](batch, **arguments)
    if name in PARAMETRIZATIONS:
        return PARAMETRIZATIONS[name](**arguments)
    return Operation(OPERATIONS[name], arguments) if name in OPERATIONS else find_class(name)(**arguments)


def flatten(result: Any) -> list[torch.Tensor]:
    """The tensors of a result, in order."""
    if isinstance(result, torch.Tensor):
        return [result]
    return [tensor for member in result for tensor in flatten(member)]


def hold_batch_first(results: list[torch.Tensor]) -> None:
    """Raise MixedBatchError unless the batch is the first axis of every result."""
    for result in results:
        if result.shape[0] != BATCHES[0]:
            raise MixedBatchError(f"the batch is not the first axis: {tuple(result.shape)}")


def drop_batch(one: Any, two: Any) -> tuple[Shape, str]:
    """The shape of one sample's result and its dtype, from the results for both batches."""
    apart = [axis for axis, sizes in enumerate(zip(one.shape, two.shape, strict=True)) if sizes[0] != sizes[1]]
    if len(apart) != 1 or (one.shape[apart[0]], two.shape[apart[0]]) != BATCHES:
        raise MixedBatchError(f"the batch is not kept apart: {tuple(one.shape)}, {tuple(two.shape)}")
    shape = tuple(size for axis, size in enumerate(one.shape) if axis != apart[0])
    return shape, str(one.dtype).removeprefix("torch.")


def list_arguments(layer: type[Layer]) -> dict[str, Any]:
    """The constructor's arguments and their defaults; `<required>` where there is none."""
    name = layer.type_name()
    if name in OPERATIONS:
        parameters = inspect.signature(OPERATIONS[name]).parameters.values()
        return {each.name: _name_default(each.default) for each in parameters if each.kind == each.KEYWORD_ONLY}
    if name in PARAMETRIZATIONS:
        parameters = inspect.signature(PARAMETRIZATIONS[name]).parameters.values()
        return {each.name: _name_default(each.default) for each in parameters}
    if name in HELD:
        return {name: default for name, default in read_signature(HELD[name].__mro__).items() if name != "batch"}
    return read_signature(find_class(name).__mro__)


def read_signature(bases: tuple[type, ...]) -> dict[str, Any]:
    """The named arguments of a constructor; where it passes on what it is given, those of the next of `bases` too."""
    arguments: dict[str, Any] = {}
    for base in bases:
        if base is object or "__init__" not in base.__dict__:
            continue
        overloads = get_overloads(base.__init__)  # type: ignore[misc]
        parameters = inspect.signature(overloads[0] if overloads else base.__init__).parameters  # type: ignore[misc]
        passes_on = False
        for name, parameter in list(parameters.items())[1:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                passes_on = True
            elif not name.startswith("_"):
                arguments.setdefault(name, _name_default(parameter.default))
        if not passes_on:
            break
    return arguments


def _name_default(default: Any) -> Any:
    if default is inspect.Parameter.empty:
        return "<required>"
    plain = isinstance(default, (bool, int, float, str, list, tuple, type(None)))
    return default if plain else f"<{type(default).__name__}>"
