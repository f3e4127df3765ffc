"""The shape that narchi gives the first output: python shape.py FILE."""

import sys

from narchi.module import ModuleArchitecture

print("shape:", ModuleArchitecture(sys.argv[1]).architecture.outputs[0]._shape)
