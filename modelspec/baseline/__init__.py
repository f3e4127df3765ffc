"""A baseline: what was wrong when the gate was put up. What is accepted passes, and what gets worse fails.

The file is JSON, an entry a line, sorted. An entry holds no line and no column, so that moving things about in a spec
changes nothing:

    {"path": "a.yaml", "model": "a", "code": "MS501", "metric": "macs", "kind": "max", "actual": 5120}
    {"path": "b.yaml", "code": "MS304", "layer": "fc2", "message": "in_features is 32, but 64 arrive", "count": 2}

The first is of a budget's finding, and accepts as much as there was; the second accepts the same words. Every error in
a spec can be in it, also that its text cannot be read. What is wrong with the configuration (MS7xx) cannot: the gate
itself would be broken.
"""

from __future__ import annotations

from modelspec.baseline.application import apply, ratchet
from modelspec.baseline.entry import NAME, Baseline, write
from modelspec.baseline.reading import read

__all__ = ["NAME", "Baseline", "apply", "ratchet", "read", "write"]
