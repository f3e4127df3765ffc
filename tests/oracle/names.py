"""Write modelspec/catalogue/frameworks.py: `python -m tests.oracle.names`, where both frameworks are installed."""

from __future__ import annotations

import inspect
import json
import os
import sys
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "modelspec" / "catalogue" / "frameworks.py"
HEAD = '''"""The layers that the frameworks have, by their names. Written by `python -m tests.oracle.names`.

A name that stands here and not in the catalogue is a layer that the catalogue does not know yet.
"""

NAMES: dict[str, frozenset[str]] = {
'''


def list_names(dialect: str) -> list[str]:
    """The names of the public layer classes of a framework."""
    if dialect == "torch":
        import torch

        found = inspect.getmembers(
            torch.nn, lambda member: inspect.isclass(member) and issubclass(member, torch.nn.Module)
        )
    else:
        os.environ["KERAS_BACKEND"] = "torch"
        import keras

        found = inspect.getmembers(keras.layers, inspect.isclass)
    return [name for name, _ in found]


def print_names() -> None:
    """Print the names of the framework that the command line names, as JSON."""
    sys.stdout.write(json.dumps(list_names(sys.argv[1])))


def write() -> str:
    """The module's text."""
    lines = [HEAD]
    for dialect in ("torch", "keras"):
        names = list_names(dialect)
        lines += [f'    "{dialect}": frozenset(\n        {{\n', *(f'            "{name}",\n' for name in names)]
        lines.append("        }\n    ),\n")
    return "".join([*lines, "}\n"])


if __name__ == "__main__":
    PATH.write_text(write(), encoding="utf-8")
