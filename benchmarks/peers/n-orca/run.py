"""Run the module that `n-orca compile pytorch FILE` prints: python run.py FILE CLASS WIDTH."""

import contextlib
import io
import sys

import torch
from n_orca.cli.main import main

path, name, width = sys.argv[1:]
code = io.StringIO()
with contextlib.redirect_stdout(code):
    main(["compile", "pytorch", path])
scope: dict[str, type[torch.nn.Module]] = {}
exec(code.getvalue(), scope)
print("output", tuple(scope[name]()(torch.zeros(1, int(width))).shape))
