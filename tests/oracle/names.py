"""Write modelspec/catalogue/frameworks.py: `python -m tests.oracle.names`, where the frameworks are installed."""

from __future__ import annotations

import inspect
import json
import os
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).resolve().parents[2] / "modelspec" / "catalogue" / "frameworks.py"
HEAD = '''"""The layers that the frameworks have, by their names. Written by `python -m tests.oracle.names`.

A name that stands here, and neither in the catalogue nor among its refusals, is a layer that is not known yet.
"""

HOMES: dict[str, dict[str, frozenset[str]]] = {
'''
NAMES = '''
NAMES = {dialect: frozenset[str]().union(*homes.values()) for dialect, homes in HOMES.items()}
"""All names of a dialect."""
'''


class Home(NamedTuple):
    """A module that has layers: their names, which of them are second names of others, and the release it is of."""

    names: list[str]
    aliases: dict[str, str]
    release: str


def list_homes() -> dict[str, dict[str, Home]]:
    """The modules that have a dialect's layers. Imports the frameworks."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import torch

    from .classes import lay_torchvision

    lay_torchvision()
    operations = import_module("torchvision.ops")
    return {
        "torch": {
            "torch.nn": _look(torch.nn, torch.nn.Module, version("torch")),
            "torchvision.ops": _look(operations, torch.nn.Module, version("torchvision")),
        },
        "keras": {"keras.layers": _look(keras.layers, object, version("keras"))},
    }


def _look(module: object, base: type, release: str) -> Home:
    found = inspect.getmembers(module, lambda member: inspect.isclass(member) and issubclass(member, base))
    own = {member: name for name, member in found if member.__name__ == name}
    aliases = {name: own[member] for name, member in found if own.get(member, name) != name}
    return Home([name for name, _ in found], aliases, release.partition("+")[0])


def write() -> str:
    """The module's text."""
    homes = list_homes()
    lines = [HEAD]
    for dialect, modules in homes.items():
        lines.append(f'    "{dialect}": {{\n')
        for module, home in modules.items():
            lines.append(f'        "{module}": frozenset(\n            {{\n')
            lines += [*(f'                "{name}",\n' for name in home.names), "            }\n        ),\n"]
        lines.append("    },\n")
    lines += ["}\n", NAMES, "\nALIASES: dict[str, dict[str, str]] = {\n"]
    for dialect, modules in homes.items():
        pairs = [pair for home in modules.values() for pair in home.aliases.items()]
        inside = "".join(f'        "{name}": "{meant}",\n' for name, meant in pairs)
        lines.append(f'    "{dialect}": {{\n{inside}    }},\n' if pairs else f'    "{dialect}": {{}},\n')
    lines += ["}\n", '"""Second names of layers, and the names that their classes have themselves."""\n']
    lines.append("\nRELEASES = {\n")
    for modules in homes.values():
        lines += [f'    "{module}": "{home.release}",\n' for module, home in modules.items()]
    return "".join([*lines, "}\n", '"""Of which release the names are."""\n'])


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        told = {d: {m: h.names for m, h in modules.items()} for d, modules in list_homes().items()}
        sys.stdout.write(json.dumps(told))
    else:
        PATH.write_text(write(), encoding="utf-8")
