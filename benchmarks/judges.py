"""What a tool's run tells of a task: an answer read off the exit status and the output, by one rule for all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import modelspec

__all__ = ["JUDGES", "Answer", "Outcome"]

ERROR = r"\b[A-Za-z]*(?:[Ee]rror|ERR)\b"
TOTALS = {"mlp": 109_386, "no_features": 109_386, "cnn": 13_610, "no_channels": 13_610, "mixtral": 46_702_792_704}
HEIGHT, HEIGHT_AFTER = 28, 13
"""A kernel of 3 with a stride of 2 makes this height that one."""


class Outcome(NamedTuple):
    """What a run showed, with what is known of the tool and of the task (benchmarks/peers/tasks.yaml)."""

    tool: dict[str, Any]
    task: dict[str, Any]
    name: str
    file: str
    planted: list[int]
    """The numbers of the lines on which there is a mistake."""
    status: int
    output: str

    def find(self, pattern: str) -> str | None:
        """The first line of the output in which a pattern is found."""
        return next((line.strip() for line in self.output.splitlines() if re.search(pattern, line)), None)

    def find_named(self, pattern: str) -> str | None:
        """The line of a failure that names a mistake: an error's rather than one that shows the source."""
        if self.status == 0:
            return None
        return self.find(rf"^(?=.*{ERROR})(?=.*(?:{pattern}))") or self.find(pattern)

    def conclude(self) -> str:
        """Of a failure the first line that speaks of an error; else the tool's verdict, or its last line."""
        error = self.find(rf"{ERROR}.*:") if self.status else None
        verdict = self.find(self.tool["verdict"]) if "verdict" in self.tool else None
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return error or verdict or (lines[-1] if lines else "")


class Answer(NamedTuple):
    """What is told in the table, and the lines of the output that show it."""

    told: str
    shown: list[str]


def judge_total(outcome: Outcome) -> Answer:
    """Whether the total of the parameters is the right one."""
    found = re.search(outcome.tool["total"], outcome.output, re.MULTILINE)
    if found is None:
        return Answer("tells none" if outcome.status == 0 else "fails", [outcome.conclude()])
    total = int(found[1].replace(",", ""))
    told = "exact" if total == TOTALS[outcome.name] else f"says {total:,}"
    return Answer(told, [outcome.find(re.escape(found[1])) or found[0]])


def judge_inferred(outcome: Outcome) -> Answer:
    """Whether a model is understood that leaves out what arrives."""
    if outcome.status:
        return Answer("no", [outcome.conclude()])
    answer = judge_total(outcome)
    return answer._replace(told={"exact": "inferred", "tells none": "may be left out"}.get(answer.told, answer.told))


def judge_mistake(outcome: Outcome) -> Answer:
    """Whether a planted mistake fails the run and is named, on its line, with the word that was meant."""
    named = outcome.find_named(outcome.task["named"][0])
    if named is None:
        return Answer("passes" if outcome.status == 0 else "fails, and does not name it", [outcome.conclude()])
    (line,) = outcome.planted
    place = outcome.find(rf"{re.escape(outcome.file)}(?::{line}\b|\", line {line}\b)")
    meant = outcome.find(rf"\b{outcome.task['right']}\b") if "right" in outcome.task else None
    told = {
        (True, True): "found: line, right word",
        (True, False): "found: line",
        (False, True): "found: right word",
        (False, False): "found",
    }[place is not None, meant is not None]
    return Answer(told, list(dict.fromkeys(line for line in (place, named, meant) if line)))


def judge_both(outcome: Outcome) -> Answer:
    """How many of two planted mistakes one run names."""
    named = [line for pattern in outcome.task["named"] if (line := outcome.find_named(pattern))]
    told = ["passes" if outcome.status == 0 else "fails, and names neither", "one", "both"][len(named)]
    return Answer(told, list(dict.fromkeys(named)) or [outcome.conclude()])


def judge_budget(outcome: Outcome) -> Answer:
    """Whether a total over the limit fails the run."""
    named = outcome.find_named(outcome.task["named"][0])
    return Answer("fails the run" if named else "passes", [named or outcome.conclude()])


def judge_open(outcome: Outcome) -> Answer:
    """What is told of the height that goes out where the height that comes in is not known."""
    found = re.search(outcome.tool["shape"], outcome.output, re.MULTILINE | re.DOTALL)
    if found is None:
        return Answer("tells none" if outcome.status == 0 else "refused", [outcome.conclude()])
    shape = " ".join(found[1].split())
    told = re.sub(r"<<variable:(.*)>>", r"\1", shape.strip("[]()").split(",")[outcome.task["height"]].strip(" '\""))
    if told in ("None", "?"):
        return Answer("unknown, and says so", [shape])
    spec = f"modelspec: 1\nvariables: {{H: {HEIGHT}}}\ninput: ['floor({told})']\nlayers: [Identity]\n"
    report = modelspec.check_text(spec)
    if not report.ok:
        return Answer(f"says {told}", [shape])
    height = report.models[0].inputs["input"].shape[0]
    if height == HEIGHT_AFTER:
        return Answer("a right formula", [shape])
    return Answer(f"says {told}: of {HEIGHT} that is {height}, not {HEIGHT_AFTER}", [shape])


def judge_module(outcome: Outcome) -> Answer:
    """Whether a module comes out that can be called."""
    shown = outcome.find(r"^output \(1, 10\)")
    return Answer("yes" if shown else "no", [shown or outcome.conclude()])


JUDGES: dict[str, Callable[[Outcome], Answer]] = {
    "mlp": judge_total,
    "cnn": judge_total,
    "mixtral": judge_total,
    "no_features": judge_inferred,
    "no_channels": judge_inferred,
    "wrong_size": judge_mistake,
    "misspelt": judge_mistake,
    "misspelt_type": judge_mistake,
    "two_sizes": judge_both,
    "two_names": judge_both,
    "over_budget": judge_budget,
    "open": judge_open,
    "module": judge_module,
}
"""The tasks, each with its rule."""
