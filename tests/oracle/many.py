"""The oracle at scale: a hash of what the framework makes of each of many sets, which are drawn again by their seed.

`python -m tests.oracle.many DIALECT [NAME …]` asks the framework and writes `recorded/many/DIALECT.jsonl`: a line a
class, with the seed, a hash of the questions, and a word for each answer. It says where the catalogue differs. The
answers themselves are not there: to see one, ask `tests.oracle.live` with the same seed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from modelspec.catalogue import find, list_names
from modelspec.layer import Layer

from .draw import draw
from .exceptions import is_exempt
from .ours import answer, compare
from .outcome import RECORDED, Outcome, Question
from .record import load_oracle

SEED = 11
SETS = 80
"""How many sets a class is asked at least."""
ACCEPTED = 30
"""How many of them the framework accepts at least; where inputs must fit, more sets are drawn until so many do."""
MOST = 1_200

REFUSED = "-"
ON_PURPOSE = "x"
"""The word for an answer that the catalogue means to differ from: what the exception is, `exceptions` says."""
UNCOUNTED = "?"


class Many(NamedTuple):
    """One class's line: the seed of its sets, a hash of them, and a word for each of the framework's answers."""

    framework: str
    seed: int
    questions: str
    answers: tuple[str, ...]


def path_of(dialect: str) -> Path:
    """Where the hashes of a dialect are."""
    return RECORDED / "many" / f"{dialect}.jsonl"


def read(dialect: str) -> dict[str, Many]:
    """The lines by class; none where nothing is recorded."""
    path = path_of(dialect)
    if not path.exists():
        return {}
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {
        line["name"]: Many(line["framework"], line["seed"], line["questions"], tuple(line["answers"].split()))
        for line in lines
    }


def list_questions(layer: type[Layer], seed: int, sets: int) -> list[Question]:
    """The sets of this seed, those that will be refused among them."""
    return list(islice(draw(layer, seed), sets))


def hash_questions(questions: list[Question]) -> str:
    """A hash by which it shows that other sets are drawn than those that were asked."""
    return _hash(questions, 12)


def write_word(outcome: Outcome, *, counted: bool) -> str:
    """A word for the outcome: of what is held and given, and of the MACs, if there is a number to compare with."""
    if outcome.refused is not None:
        return REFUSED
    rest = _hash(outcome.macs, 3) if counted else UNCOUNTED
    return _hash([outcome.parameters, outcome.buffers, outcome.outputs], 5) + rest


def _hash(value: Any, length: int) -> str:
    digest = hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:length]


def list_different(layer: type[Layer], many: Many) -> Iterator[str]:
    """The sets on which the catalogue answers otherwise than the framework did."""
    questions = list_questions(layer, many.seed, len(many.answers))
    for question, theirs in zip(questions, many.answers, strict=True):
        _, ours = answer(layer, question)
        mine = write_word(ours, counted=not theirs.endswith(UNCOUNTED))
        if mine != (REFUSED if theirs == ON_PURPOSE else theirs):
            yield f"{json.dumps(question)}: {ours.refused or 'accepted'}, and the framework's answer is {theirs}"


def ask(layer: type[Layer], oracle: Any) -> tuple[Many, list[str]]:
    """What the framework makes of this class's sets, and in what the catalogue differs without meaning to."""
    questions: list[Question] = []
    words, wrong, accepted = [], [], 0
    for question in islice(draw(layer, SEED), MOST):
        if len(questions) >= SETS and accepted >= ACCEPTED:
            break
        theirs = oracle.ask(layer, question)
        questions.append(question)
        accepted += theirs.refused is None
        _, ours = answer(layer, question)
        differences = list(compare(layer, ours, theirs))
        meant = bool(differences) and is_exempt(layer, question, ours, theirs)
        if differences and not meant:
            wrong.append(f"{layer.dialect}.{layer.type_name()} {json.dumps(question)}: {'; '.join(differences)}")
        words.append(ON_PURPOSE if meant else write_word(theirs, counted=theirs.macs is not None))
    return Many(oracle.FRAMEWORK, SEED, hash_questions(questions), tuple(words)), wrong


def main(dialect: str, *names: str) -> int:
    """Ask the framework about all classes of a dialect, or about those named; 1 if the catalogue differs."""
    oracle = load_oracle(dialect)
    lines, found, count = read(dialect), 0, 0
    known = list_names(dialect)
    for name in names or known:
        layer = find(dialect, name)
        if layer is None:
            sys.exit(f"{dialect}.{name} is no class of the catalogue")
        lines[name], wrong = ask(layer, oracle)
        count += len(lines[name].answers)
        found += len(wrong)
        sys.stdout.writelines(f"{line}\n" for line in wrong)
        path_of(dialect).parent.mkdir(parents=True, exist_ok=True)
        text = [_write_line(each, lines[each]) for each in sorted(lines) if each in known]
        path_of(dialect).write_text("".join(text), encoding="utf-8")
    sys.stderr.write(f"{count:,} sets compared with {oracle.FRAMEWORK}, {found} differ\n")
    return 1 if found else 0


def _write_line(name: str, many: Many) -> str:
    line = {"name": name, **many._asdict(), "answers": " ".join(many.answers)}
    return json.dumps(line, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
