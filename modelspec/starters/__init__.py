"""Starting points: specs that are good to begin with, and what can be chosen of each before it is written."""

from __future__ import annotations

import os
import re

from modelspec import road
from modelspec.limit import LimitKind, Share
from modelspec.record import NamedTuple
from modelspec.refusal import Refused
from modelspec.starters.answers import Shape, show_shape

__all__ = ["HEADROOM", "STARTERS", "Starter", "Written", "round_up", "write"]

HEADROOM = Share(10, 100)
"""What a budget leaves above the parameters that the model has, unless something else is asked for."""


class Form(NamedTuple):
    """One file of a starting point, for the inputs that it takes.

    `axes` names the axes of the input, () for any number of them; `open` are those whose size may be unknown (None).
    `sets` are the variables that an axis gives its size to, where `input` itself is made of variables.
    """

    file: str
    axes: tuple[str, ...]
    input: Shape
    open: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


class Starter(NamedTuple):
    """A starting point: what it is in one line, its dialect, and its forms, the usual one first."""

    name: str
    line: str
    dialect: str
    classes: int
    forms: tuple[Form, ...]
    vocabulary: int | None = None
    """The tokens that it knows, where it takes tokens."""

    def choose(self, shape: Shape) -> Form:
        """The form that takes this input. Raises Refused, with what it takes instead."""
        for form in self.forms:
            if form.axes and len(form.axes) != len(shape):
                continue
            closed = [axis for axis, size in zip(form.axes or shape, shape, strict=True) if size is None]
            if not form.axes and closed:
                raise Refused(f"{self.name} needs every size of the input, and {show_shape(shape)} leaves one open")
            for axis in closed:
                if axis not in form.open:
                    raise Refused(f"{self.name} needs a size for the {axis} of the input, not null")
            return form
        takes = " or ".join(f"[{', '.join(form.axes)}], such as {show_shape(form.input)}" for form in self.forms)
        raise Refused(f"{self.name} takes an input of {takes}; {show_shape(shape)} is none")


_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
"""What is no text in YAML, or was none in an earlier version."""
_IMAGE = ("channels", "height", "width")
_TEXT, _SEQUENCE = ("tokens",), ("steps", "features")

STARTERS = {
    starter.name: starter
    for starter in (
        Starter("mlp", "fully connected layers on an input of any shape", "torch", 10, (Form("mlp", (), (28, 28)),)),
        Starter(
            "cnn",
            "convolutions on images: a block with arguments, used three times",
            "torch",
            10,
            (Form("cnn", _IMAGE, (3, 32, 32), open=("height", "width")),),
        ),
        Starter(
            "rnn",
            "a GRU on texts (tokens) or on sequences of features",
            "torch",
            2,
            (
                Form("rnn_tokens", _TEXT, (128,), open=_TEXT),
                Form("rnn_features", _SEQUENCE, (100, 40), open=("steps",)),
            ),
            10_000,
        ),
        Starter(
            "transformer",
            "attention on texts (tokens) or on sequences of features: residuals, repeated",
            "torch",
            2,
            (
                Form("transformer_tokens", _TEXT, (128,), sets=("length",)),
                Form("transformer_features", _SEQUENCE, (100, 40), sets=("length", "features")),
            ),
            10_000,
        ),
        Starter(
            "keras",
            "convolutions on images, in the words of Keras",
            "keras",
            10,
            (Form("keras", (*_IMAGE[1:], _IMAGE[0]), (32, 32, 3), open=("height", "width")),),
        ),
    )
}
"""The starting points by name; the first is the usual one."""


class Written(NamedTuple):
    """A spec to start from: its text, the parameters that it has, and its budget for them as written."""

    text: str
    parameters: int
    budget: str


def write(
    starter: Starter,
    path: str,
    *,
    name: str,
    shape: Shape | None = None,
    classes: int | None = None,
    vocabulary: int | None = None,
    budget: Share | str = HEADROOM,
) -> Written:
    """Write a spec that passes. `path` is what its comments call it; a budget that is a share is what it leaves free.

    Raises Refused where the starting point does not go with what is chosen.
    """
    form = starter.choose(starter.forms[0].input if shape is None else shape)
    sizes = form.input if shape is None else shape
    if not name.strip() or not name.isprintable():
        raise Refused("a name of printable characters is expected")
    text = _read(form.file).replace("model.yaml", path)
    text = _set(text, "name", _quote(name))
    text = _set(text, "classes", _group(starter.classes if classes is None else classes))
    if classes == 1:
        # The softmax of one score is always 1.
        text = text.replace("activation: softmax", "activation: sigmoid")
    if form.sets:
        for variable, size in zip(form.sets, sizes, strict=True):
            text = _set(text, variable, str(size))
    else:
        text = _set(text, "input", show_shape(sizes))
    if vocabulary is not None and form.axes != _TEXT:
        raise Refused(f"a vocabulary goes with an input of tokens, and {show_shape(sizes)} is none")
    if form.axes == _TEXT:
        text = _set(text, "vocabulary", _group(vocabulary or starter.vocabulary or 0))
    parameters = _count(_set(text, "parameters", "{min: 0}"), starter, sizes)
    limit = budget if isinstance(budget, str) else round_up(parameters + budget.of(parameters, up=True))
    most = LimitKind("count").read(limit).max
    if most is not None and most < parameters:
        raise Refused(f"a budget of {limit} is less than the {parameters:,} parameters of the model")
    return Written(_set(text, "parameters", limit), parameters, limit)


def _read(file: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), f"{file}.yaml"), encoding="utf-8") as text:
        return text.read()


def _set(text: str, key: str, value: str) -> str:
    """The text with another value of a key, which stands on a line of its own; its comment stays in its column."""
    found = re.search(rf"^( *{key}: )(.*?)( +#.*)?$", text, re.MULTILINE)
    if found is None:
        raise KeyError(key)
    before, old, comment = found[1], found[2], found[3] or ""
    if comment:
        column = len(before) + len(old) + len(comment) - len(comment.lstrip())
        comment = " " * max(2, column - len(before) - len(value)) + comment.lstrip()
    return f"{text[: found.start()]}{before}{value}{comment}{text[found.end() :]}"


def _count(text: str, starter: Starter, shape: Shape) -> int:
    """The parameters of a spec, counted as any spec's are. Raises Refused if something is wrong with it."""
    outcome = road.follow(text.encode(), "model.yaml")
    for finding in outcome.findings:
        raise Refused(f"{starter.name} cannot be made for {show_shape(shape)}: {finding.message}")
    count = road.describe_part(outcome).models[0].totals.parameters
    assert count is not None
    return count


def round_up(count: int) -> str:
    """A number that is no smaller, in two digits and a unit: 57,915 is `58K`, 104,238 `110K`, 1,626,243 `1.7M`."""
    step = 10 ** max(0, len(str(count)) - 2)
    number = -(-count // step) * step
    for unit, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if number >= unit:
            whole, rest = divmod(number * 10 // unit, 10)
            return f"{whole}.{rest}{letter}" if rest else f"{whole}{letter}"
    return str(number)


def _group(number: int) -> str:
    return f"{number:_}" if number >= 10_000 else str(number)


def _quote(name: str) -> str:
    """A name as YAML has it: as it is where that says the same, else in quotes."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) and name.lower() not in _WORDS:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
