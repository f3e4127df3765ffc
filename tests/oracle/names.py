"""Write modelspec/catalogue/frameworks.py: `python -m tests.oracle.names`, where both frameworks are installed."""

from __future__ import annotations

import inspect
import os
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "modelspec" / "catalogue" / "frameworks.py"
HEAD = '''"""The layers that the frameworks have, by their names. Written by `python -m tests.oracle.names`.

A name that stands here and not in the catalogue is a layer that the catalogue does not know yet.
"""

NAMES: dict[str, frozenset[str]] = {
'''


def list_names() -> dict[str, list[str]]:
    """The names of the public layer classes of both frameworks."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import torch

    modules = inspect.getmembers(
        torch.nn, lambda member: inspect.isclass(member) and issubclass(member, torch.nn.Module)
    )
    layers = inspect.getmembers(keras.layers, inspect.isclass)
    return {"torch": [name for name, _ in modules], "keras": [name for name, _ in layers]}


def write() -> str:
    """The module's text."""
    lines = [HEAD]
    for dialect, names in list_names().items():
        lines += [f'    "{dialect}": frozenset(\n        {{\n', *(f'            "{name}",\n' for name in names)]
        lines.append("        }\n    ),\n")
    return "".join([*lines, "}\n"])


if __name__ == "__main__":
    PATH.write_text(write(), encoding="utf-8")
