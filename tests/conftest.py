"""What all tests share: in CI the drawn examples are the same in every run, elsewhere they are new each time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
