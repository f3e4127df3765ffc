"""`modelspec init`: a first spec to start from."""

from __future__ import annotations

import os

from modelspec.cli import console

__all__ = ["STARTERS", "init"]

STARTERS = {
    "torch": """\
# A model's architecture and what it may cost. Check it: modelspec check {path}
modelspec: 1
name: "{name}"
variables: {{hidden: 64}}
input: [28, 28]                                # the shape of one sample, without the batch
layers:
  - Flatten
  - {{type: Linear, out_features: hidden}}       # in_features is inferred: 784
  - ReLU
  - {{type: Dropout, p: 0.2}}
  - {{type: Linear, out_features: 10}}
budget:
  parameters: 60K                              # at most; see: modelspec report {path}
""",
    "keras": """\
# A model's architecture and what it may cost. Check it: modelspec check {path}
modelspec: 1
name: "{name}"
dialect: keras
variables: {{hidden: 64}}
input: [28, 28]                                # the shape of one sample, without the batch
layers:
  - Flatten
  - {{type: Dense, units: hidden, activation: relu}}
  - {{type: Dropout, rate: 0.2}}
  - {{type: Dense, units: 10, activation: softmax}}
budget:
  parameters: 60K                              # at most; see: modelspec report {path}
""",
}


def init(path: str, *, dialect: str = "torch") -> int:
    """Write a first spec; return the exit status. A file that is there is left as it is."""
    if os.path.lexists(path):
        console.complain(f"'{path}' is there already: name another file")
        return console.USAGE
    if not path.endswith((".yaml", ".yml")):
        console.complain(f"'{path}' must end in .yaml or .yml")
        return console.USAGE
    stem = os.path.basename(path).rpartition(".")[0]
    name = "".join(letter if letter.isalnum() else "-" for letter in stem).strip("-") or "model"
    if not console.write(STARTERS[dialect].format(path=path, name=name), path):
        return console.USAGE
    print(f"wrote {path}; next: modelspec report {path}")  # noqa: T201
    return console.WELL
