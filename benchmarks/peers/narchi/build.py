"""Make narchi's PyTorch module as its README does, run it and count: python build.py FILE SHAPE."""

import sys

import torch
from narchi.instantiators.pytorch import StandardModule

module = StandardModule(sys.argv[1])
print("output", tuple(module(x=torch.zeros([int(size) for size in sys.argv[2].split("x")])).shape))
print("parameters:", sum(parameter.numel() for parameter in module.parameters()))
