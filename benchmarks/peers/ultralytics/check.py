"""Build a model from Ultralytics' YAML, run it once, and tell its numbers: python check.py FILE."""

import sys

import torch
from ultralytics import YOLO

model = YOLO(sys.argv[1], task="classify")
print("output", tuple(model.model(torch.zeros(1, 1, 28, 28)).shape))
model.info(detailed=False, verbose=True)
