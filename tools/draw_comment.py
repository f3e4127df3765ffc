"""Draw docs/comment.png: what a pull request shows, as a browser shows it.

    python tools/draw_comment.py [CHROMIUM]

The comment is made of a repository of its own, drawn with GitHub's rules for Markdown and colours much like its own.
The picture remembers the text that it shows; a test fails when that is no longer what modelspec writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from modelspec.cli.check import check

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "comment.png"
KEY = b"modelspec-comment"
WIDTH, HEIGHT = 920, 1400

STYLE = """
body { font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; color: #1f2328; margin: 0;
  padding: 16px; background: #fff; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; }
.author { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; border-radius: 6px 6px 0 0;
  color: #59636e; }
.author b { color: #1f2328; }
.body { padding: 16px; }
h2 { font-size: 1.4em; border-bottom: 1px solid #d1d9e0; padding-bottom: .3em; margin: 0 0 12px; }
h3 { font-size: 1.2em; }
table { border-collapse: collapse; margin: 0 0 16px; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; vertical-align: top; }
th { background: #f6f8fa; }
code { background: #eff1f3; border-radius: 6px; padding: .2em .4em; font: 12px "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 16px; overflow: hidden; }
pre code { background: none; padding: 0; white-space: pre-wrap; }
details { margin: 0 0 10px; }
"""

LIMITS = 'growth = { parameters = "5%" }\n\n[[limits]]\nfiles = ["edge/**"]\nbudget = { weight_bytes = "80 KiB" }\n'
SPEC = """\
modelspec: 1
name: NAME
input: [1, 28, 28]
layers:
  - {name: conv, type: Conv2d, out_channels: WIDTH, kernel_size: 3}
  - ReLU
  - {name: pool, type: MaxPool2d, kernel_size: 2}
  - Flatten
  - {name: head, type: Linear, out_features: 10}
"""


def make(*, name: str, width: int) -> str:
    """A spec of a convolution so many channels wide."""
    return SPEC.replace("NAME", name).replace("WIDTH", str(width))


def write_comment() -> str:
    """The comment on a branch on which one model grew too far, one a little; one is new, one gone, one as it was."""
    quiet = {"capture_output": True, "check": True}
    person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    dates = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
    environment = {**os.environ, **dates, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)
        (folder / "edge").mkdir()
        (folder / "modelspec.toml").write_text(LIMITS, encoding="utf-8")
        (folder / "edge" / "digits.yaml").write_text(make(name="digits-edge", width=8), encoding="utf-8")
        (folder / "server.yaml").write_text(make(name="digits-server", width=64), encoding="utf-8")
        for copied in ("lenet5", "mobilenet_v2"):
            shutil.copy(ROOT / "specs" / "zoo" / f"{copied}.yaml", folder)
        for command in (["init", "--initial-branch", "main"], ["add", "--all"], [*person, "commit", "-m", "base"]):
            subprocess.run(["git", *command], env=environment, **quiet)
        (folder / "edge" / "digits.yaml").write_text(make(name="digits-edge", width=12), encoding="utf-8")
        (folder / "edge" / "tiny.yaml").write_text(make(name="digits-tiny", width=4), encoding="utf-8")
        (folder / "server.yaml").write_text(make(name="digits-server", width=66), encoding="utf-8")
        (folder / "lenet5.yaml").unlink()
        check(["."], against="main", format="markdown", output="comment.md")
        return (folder / "comment.md").read_text(encoding="utf-8")


def digest(comment: str) -> str:
    """What the picture remembers of a comment: all but the commit, which changes with any of the files."""
    return hashlib.sha256(re.sub(r"`[0-9a-f]{10}`", "", comment).encode()).hexdigest()


def read_digest(picture: bytes, key: bytes = KEY) -> str | None:
    """What a picture remembers of what it shows; None if nothing."""
    match = re.search(rb"tEXt" + key + rb"\0([0-9a-f]{64})", picture)
    return match[1].decode() if match else None


def draw(comment: str, chromium: str) -> bytes:
    """The picture of a comment, as that browser draws it."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(comment)
    author = "<div class=author><b>github-actions</b> commented now</div>"
    page = (
        f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>"
        f"<div class=comment>{author}<div class=body>{body}</div></div>"
    )
    return remember(shoot(page, chromium, WIDTH, HEIGHT), digest(comment))


def shoot(page: str, chromium: str, width: int, height: int) -> bytes:
    """A picture of so many pixels of a page, as that browser shows it, without the empty rest below."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(page, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
        options += ["--disable-background-networking", f"--user-data-dir={folder / 'profile'}"]
        shot = folder / "page.png"
        command = [chromium, *options, f"--window-size={width},{height}", f"--screenshot={shot}"]
        subprocess.run([*command, (folder / "page.html").as_uri()], check=True, capture_output=True, timeout=120)
        return crop(shot)


def crop(shot: Path) -> bytes:
    """The picture without the empty rest of the page below."""
    from PIL import Image, ImageChops

    image = Image.open(shot).convert("RGB")
    blank = Image.new("RGB", image.size, (255, 255, 255))
    box = ImageChops.difference(image, blank).getbbox() or (0, 0, *image.size)
    cut = image.crop((0, 0, image.width, min(image.height, box[3] + 16))).quantize(128)
    with tempfile.TemporaryDirectory() as name:
        cut.save(Path(name) / "cut.png", optimize=True)
        return (Path(name) / "cut.png").read_bytes()


def remember(picture: bytes, known: str, key: bytes = KEY) -> bytes:
    """A PNG with a chunk of text behind its header."""
    chunk = b"tEXt" + key + b"\0" + known.encode()
    whole = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    header = 8 + 25
    return picture[:header] + whole + picture[header:]


if __name__ == "__main__":
    PICTURE.write_bytes(draw(write_comment(), sys.argv[1] if len(sys.argv) > 1 else "chromium"))
