"""Write what the frameworks make of each class: `python -m tests.oracle.record [DIALECT.NAME …]`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from types import ModuleType

from modelspec.catalogue import dialects, find, list_names
from modelspec.layer import Layer
from modelspec.shape import Unknown

from .asked import ASKED
from .draw import draw, plain
from .exceptions import is_exempt
from .ours import answer, compare
from .outcome import RECORDED, Outcome, Question, list_recorded, path_of, write_head, write_line

SEED = 1
SETS = 300
"""How many sets a class is asked."""
REFUSED = 100
"""How many of them the framework may refuse."""
KEPT = 100
"""How many of them are written down; of the others those alone that the catalogue means to answer otherwise."""
ROOM = 100_000
"""How many characters may be, for a class that has much to say of itself."""
TRIES = 5_000


def load_oracle(dialect: str) -> ModuleType:
    """The oracle of a dialect. Imports the framework."""
    return importlib.import_module(f"{__package__}.{dialect}_oracle")


def list_examples(layer: type[Layer]) -> Iterator[Question]:
    """The class's own examples, as questions, and what else it is asked in any case."""
    for example in layer.examples:
        yield Question(plain(example.arguments), tuple(map(tuple, example.inputs)), example.dtypes)
    yield from ASKED.get(f"{layer.dialect}.{layer.type_name()}", ())


def is_known(question: Question) -> bool:
    """Whether a framework can be asked: it knows no sizes that are known at run time alone."""
    lists = (value for value in question.arguments.values() if isinstance(value, list))
    sizes = (size for known in (*question.inputs, *lists, question.arguments.values()) for size in known)
    return not any(isinstance(size, Unknown) for size in sizes)


def ask_all(layer: type[Layer], oracle: ModuleType, seed: int, sets: int) -> Iterator[tuple[Question, Outcome]]:
    """The class's examples, then drawn sets, of which at most a third are refused."""
    known = []
    for question in list_examples(layer):
        if is_known(question):
            known.append(question)
            yield question, oracle.ask(layer, question)
    refused = 0
    for question in islice(draw(layer, seed), TRIES):
        if question in known:
            continue
        outcome = oracle.ask(layer, question)
        if outcome.refused is not None:
            refused += 1
            if refused > sets * REFUSED // SETS:
                continue
        yield question, outcome
        sets -= 1
        if not sets:
            return


def choose(layer: type[Layer], asked: Iterable[tuple[Question, Outcome]]) -> Iterator[tuple[Question, Outcome]]:
    """The answers that are worth a line: the first, what is asked in any case, and all that an exception is for."""
    named = ASKED.get(f"{layer.dialect}.{layer.type_name()}", ())
    room, told, most = ROOM, {True: 0, False: 0}, KEPT * REFUSED // SETS
    for question, theirs in asked:
        _, ours = answer(layer, question)
        meant = any(compare(layer, ours, theirs)) and is_exempt(layer, question, ours, theirs)
        refused = theirs.refused is not None
        fits = told[True] < min(most, told[False] // 2 + 4) if refused else told[False] < KEPT - most
        if meant or question in named or (fits and room > 0):
            told[refused] += 1
            room -= len(write_line(question, theirs))
            yield question, theirs


def record(layer: type[Layer]) -> None:
    """Write the recorded file of one class."""
    oracle = load_oracle(layer.dialect)
    lines = [write_head(oracle.FRAMEWORK, oracle.list_arguments(layer))]
    lines.extend(write_line(*each) for each in choose(layer, ask_all(layer, oracle, SEED, SETS)))
    path = path_of(layer.dialect, layer.type_name())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    accepted = sum('"outputs":' in line for line in lines)
    sys.stderr.write(f"{layer.dialect}.{layer.type_name()}: {len(lines) - 1} sets, {accepted} accepted\n")


def main(names: list[str]) -> None:
    """Write the recorded files of these classes, or of all; then the files of classes that are no more are removed."""
    for name in names or [f"{dialect}.{name}" for dialect in dialects() for name in list_names(dialect)]:
        layer = find(*name.split("."))
        if layer is None:
            sys.exit(f"{name} is no class of the catalogue")
        record(layer)
    for dialect in () if names else dialects():
        for name in set(list_recorded(dialect)) - set(list_names(dialect)):
            path_of(dialect, name).unlink()
    sys.stderr.write(f"{sum(path.stat().st_size for path in RECORDED.rglob('*.jsonl')):,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
