"""Build without memory for the weights, and count: python build_on_meta.py FILE."""

import sys

import torch
from mlnode import MLnodeModel

with torch.device("meta"):
    module = MLnodeModel.load(sys.argv[1]).build()
print("parameters:", sum(parameter.numel() for parameter in module.parameters()))
