"""Draw docs/report.png: the top of a page that `--format html` writes, as a browser shows it.

    python tools/draw_report.py [CHROMIUM]

The picture remembers the page that it shows; a test fails when that is no longer what modelspec writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import tempfile
from pathlib import Path

from draw_comment import remember, shoot

from modelspec.cli.report import report
from modelspec.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "report.png"
KEY = b"modelspec-report"
WIDTH, HEIGHT = 1200, 1560


def write_page() -> str:
    """The page on ResNet-50 of the zoo; a release changes nothing in it."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(ROOT):
        written = Path(name) / "page.html"
        report(["specs/zoo/resnet_bottleneck.yaml"], variant="resnet50", format="html", output=str(written))
        return written.read_text(encoding="utf-8").replace(f"modelspec {VERSION}.", "modelspec.")


def digest(page: str) -> str:
    """What the picture remembers of a page."""
    return hashlib.sha256(page.encode()).hexdigest()


if __name__ == "__main__":
    page = write_page()
    chromium = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    PICTURE.write_bytes(remember(shoot(page, chromium, WIDTH, HEIGHT), digest(page), KEY))
