"""What a model of specs/zoo is made of as its framework builds it, and how that is written down."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .outcome import RECORDED, Shape

FOLDER = RECORDED / "zoo"


class Reference(NamedTuple):
    """A model as its framework builds it: shapes by the tensor's name, and what the flop counter saw of one sample.

    `tied` are the names under which a tensor stands once more, with the name that owns it. `macs` is None where the
    model was not run; `at` are the sizes that the file leaves open and at which it was.
    """

    framework: str
    parameters: dict[str, Shape]
    buffers: dict[str, Shape]
    tied: dict[str, str]
    macs: int | None
    at: dict[str, int]

    @property
    def total(self) -> int:
        """The elements of all parameters."""
        return sum(count_elements(shape) for shape in self.parameters.values())


def count_elements(shape: Shape) -> int:
    """The elements of a tensor."""
    count = 1
    for size in shape:
        count *= size
    return count


def path_of(file: str) -> Path:
    """Where the variants of a file of specs/zoo are written down."""
    return FOLDER / f"{file}.json"


def list_recorded() -> list[str]:
    """The files of specs/zoo that have something written down."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read(file: str) -> dict[str, Reference]:
    """The variants of a file; one without variants has one, with the empty name. Raises FileNotFoundError."""
    with path_of(file).open(encoding="utf-8") as text:
        return {
            name: Reference(
                entry["framework"],
                _expand(entry["parameters"]),
                _expand(entry["buffers"]),
                entry["tied"],
                entry["macs"],
                entry["at"],
            )
            for name, entry in json.load(text).items()
        }


def write(variants: dict[str, Reference]) -> str:
    """The text of a file: a line a tensor, and one for all that differ in a number alone: `layer.[0-11].bias`."""
    entries = {
        name: {**one._asdict(), "parameters": _fold(one.parameters), "buffers": _fold(one.buffers)}
        for name, one in variants.items()
    }
    text = json.dumps(entries, indent=1, ensure_ascii=False)
    return re.sub(r"\[[\d,\s]*\]", lambda found: re.sub(r"\s+", "", found[0]).replace(",", ", "), text) + "\n"


def _fold(tensors: dict[str, Shape]) -> dict[str, Shape]:
    """Names of equal shape that differ in one number, which counts up by one, become one with `[first-last]`."""
    folded: dict[str, Shape] = tensors
    # A name with n numbers is folded n times: experts first, then layers.
    for _ in range(3):
        groups: dict[tuple[str, str, Shape], list[int]] = {}
        for name, shape in folded.items():
            places = list(re.finditer(r"(?<![\[\d-])\d+(?![\d\]-])", name))
            before, number, after = name, -1, ""
            for place in places:
                begin, end = name[: place.start()], name[place.end() :]
                at = int(place[0])
                if any(folded.get(f"{begin}{at + step}{end}") == shape for step in (-1, 1)):
                    before, number, after = begin, at, end
            groups.setdefault((before, after, shape), []).append(number)
        folded = {}
        for (before, after, shape), numbers in groups.items():
            for first, last in _list_runs(numbers):
                middle = "" if first < 0 else str(first) if first == last else f"[{first}-{last}]"
                folded[f"{before}{middle}{after}"] = shape
    return folded


def _list_runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _expand(folded: dict[str, list[int]]) -> dict[str, Shape]:
    tensors: dict[str, Shape] = {}
    for name, shape in folded.items():
        for whole in _expand_name(name):
            assert whole not in tensors, whole
            tensors[whole] = tuple(shape)
    return tensors


def _expand_name(name: str) -> Iterator[str]:
    found = re.search(r"\[(\d+)-(\d+)\]", name)
    if found is None:
        yield name
        return
    for number in range(int(found[1]), int(found[2]) + 1):
        yield from _expand_name(f"{name[: found.start()]}{number}{name[found.end() :]}")
