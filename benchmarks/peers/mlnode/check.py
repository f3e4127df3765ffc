"""What mlnode's README shows: load and validate; with a shape, build, run and count: python check.py FILE [SHAPE]."""

import sys

import torch
from mlnode import MLnodeModel

model = MLnodeModel.load(sys.argv[1])
result = model.validate()
print("valid:", result.valid)
for error in result.errors:
    print(error.message)
if not result.valid:
    sys.exit(1)
print("shape:", result.node_shapes[model.schema.output_node])
if sys.argv[2:]:
    module = model.build()
    print("output", tuple(module(torch.zeros([int(size) for size in sys.argv[2].split("x")])).shape))
    print("parameters:", sum(parameter.numel() for parameter in module.parameters()))
