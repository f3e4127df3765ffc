"""What all tests share: drawn examples are the same in every run, unless new ones are asked for.

`MODELSPEC_EXPLORE=1 pytest` draws new ones each time.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True)
if not os.environ.get("MODELSPEC_EXPLORE"):
    settings.load_profile("same")
