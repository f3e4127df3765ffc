"""`modelspec init`: a first spec to start from, by options or by questions."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from modelspec.cli import console
from modelspec.config import show_path
from modelspec.record import NamedTuple
from modelspec.refusal import Refused
from modelspec.starters import HEADROOM, STARTERS, Starter, Written, write
from modelspec.starters.answers import Shape, read_budget, read_number, read_shape, show_shape

__all__ = ["Ask", "Wishes", "init", "list_starters"]

Answer = TypeVar("Answer")


class Ask(Protocol):
    """Asks a question until `read` takes the answer; an empty one is the default. `read` raises Refused."""

    def __call__(self, question: str, default: str, read: Callable[[str], Answer]) -> Answer:
        """The answer, as `read` gives it."""


class Wishes(NamedTuple):
    """What a call asks for, in its own words; None is left to us."""

    template: str | None = None
    dialect: str | None = None
    name: str | None = None
    input: str | None = None
    classes: str | None = None
    vocabulary: str | None = None
    budget: str | None = None


def init(path: str, wishes: Wishes = Wishes(), *, ask: Ask | None = None) -> int:  # noqa: B008 - it cannot change
    """Write a first spec; return the exit status. A file that is there is left as it is.

    With `ask` all is asked, unless something is wished for.
    """
    if os.path.lexists(path):
        console.complain(f"'{path}' is there already: name another file")
        return console.USAGE
    if not path.endswith((".yaml", ".yml")):
        console.complain(f"'{path}' must end in .yaml or .yml")
        return console.USAGE
    shown = show_path(path)
    try:
        asks = ask is not None and wishes == Wishes()
        written = _ask_all(shown, ask) if ask is not None and asks else _grant(shown, wishes)
    except Refused as refused:
        console.complain(_tell(next(refused.each())))
        return console.USAGE
    if not console.write(written.text, path):
        return console.USAGE
    told = f"{written.parameters:,} parameters, budget {written.budget}"
    print(f"wrote {shown}: {told}; next: modelspec report {shown}")  # noqa: T201
    return console.WELL


def list_starters() -> str:
    """The starting points, a line each."""
    longest = max(map(len, STARTERS))
    return "".join(f"{starter.name:<{longest}}  {starter.line}\n" for starter in STARTERS.values())


def _grant(path: str, wishes: Wishes) -> Written:
    """The spec that is wished for. Raises Refused, with the option that is to blame."""
    starter = _choose(wishes)
    shape = _read("--input", read_shape, wishes.input)
    classes = _read("--classes", read_number, wishes.classes)
    vocabulary = _read("--vocabulary", read_number, wishes.vocabulary)
    budget = _read("--budget", read_budget, wishes.budget)
    return write(
        starter,
        path,
        name=_name(path) if wishes.name is None else wishes.name,
        shape=shape,
        classes=classes,
        vocabulary=vocabulary,
        budget=HEADROOM if budget is None else budget,
    )


def _choose(wishes: Wishes) -> Starter:
    """The starting point that is wished for. Raises Refused if its dialect is not."""
    if wishes.template is None:
        return next(starter for starter in STARTERS.values() if wishes.dialect in (None, starter.dialect))
    starter = STARTERS[wishes.template]
    if wishes.dialect not in (None, starter.dialect):
        raise Refused(f"{starter.name} is written in the dialect {starter.dialect}, not {wishes.dialect}")
    return starter


def _read(option: str, read: Callable[[str], Answer], text: str | None) -> Answer | None:
    """What an option says. Raises Refused, with the name of the option."""
    if text is None:
        return None
    try:
        return read(text)
    except Refused as refused:
        raise Refused(f"{option}: {_tell(next(refused.each()))}") from refused


def _ask_all(path: str, ask: Ask) -> Written:
    """The spec that the answers make. Raises Refused if they do not go together."""
    console.write(f"Starting points:\n\n{_indent(list_starters())}\n", None)
    starter = ask("Start from", next(iter(STARTERS)), _find)
    name = ask("Name", _name(path), _read_name)
    shape = ask("Input: the sizes of one sample", _abbreviate(starter.forms[0].input), partial(_fit, starter))
    classes = ask("Classes", str(starter.classes), read_number)
    vocabulary = None
    if starter.choose(shape).axes == ("tokens",):
        vocabulary = ask("Vocabulary: tokens that it knows", str(starter.vocabulary), read_number)
    make = partial(write, starter, path, name=name, shape=shape, classes=classes, vocabulary=vocabulary)
    draft = make()

    def settle(text: str) -> Written:
        return make(budget=read_budget(text))

    return ask(f"Budget for its {draft.parameters:,} parameters", draft.budget, settle)


def _find(text: str) -> Starter:
    starter = STARTERS.get(text.strip().lower())
    if starter is None:
        raise Refused(f"there are {', '.join(STARTERS)}, but no '{text.strip()}'")
    return starter


def _read_name(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise Refused("a name of printable characters is expected")
    return text.strip()


def _fit(starter: Starter, text: str) -> Shape:
    shape = read_shape(text)
    starter.choose(shape)
    return shape


def _abbreviate(shape: Shape) -> str:
    """`3x32x32`, as it is typed."""
    return show_shape(shape)[1:-1].replace(", ", "x")


def _name(path: str) -> str:
    """What a model is called after its file."""
    stem = os.path.basename(path).rpartition(".")[0]
    return "".join(letter if letter.isalnum() else "-" for letter in stem).strip("-") or "model"


def _indent(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def _tell(refused: Refused) -> str:
    return refused.message if refused.hint is None else f"{refused.message} ({refused.hint})"
