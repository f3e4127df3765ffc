"""Write what is generated in modelspec/pages/ (title and output of each example), and docs/checks.md from the pages."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from pathlib import Path

from compare_versions import compare_versions

from modelspec.advice import DEFAULT, RULES
from modelspec.cli.check import check
from modelspec.diagnostics import CODES
from modelspec.language import MAX_LAYERS, MAX_NESTING
from modelspec.render.findings import show_findings
from modelspec.render.summary import show_summary
from modelspec.source import MAX_BYTES

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "modelspec" / "pages"
CHECKS = ROOT / "docs" / "checks.md"

HEAD = b"modelspec: 1\ninput: [8]\nlayers:\n"
MADE = {
    "MS102": "modelspec: 1\nname: Müller\ninput: [8]\nlayers: [ReLU]\n".encode("latin-1"),
    "MS105": "modelspec: 1\nname: one\u0085input: [8]\nlayers: [ReLU]\n".encode(),
    "MS110": HEAD + b"  - ReLU\n" * (MAX_BYTES // 9),
    "MS111": b"modelspec: 1\nmetadata: " + b"[" * 300,
    "MS113": b"",
    "MS310": HEAD + b"  - ReLU\n" * (MAX_LAYERS + 1),
    "MS412": HEAD
    + b"".join(b"  " * level + b"  - layers:\n" for level in range(MAX_NESTING + 1))
    + b"  " * MAX_NESTING
    + b"    - ReLU\n",
    "MS506": HEAD
    + b"  - ReLU\n" * 2_000
    + b"budget:\n  layers:\n"
    + b"".join(b'    "*-%d": {macs: 1}\n' % number for number in range(1, 252)),
}
"""Examples that a page describes instead of showing them."""
RETIRED = frozenset({"MS703"})
"""Codes that this version tells of nothing: their pages have no example."""

FENCE = re.compile(r"^```(yaml|json|toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OUTPUT = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BASELINE = "modelspec-baseline.json"
VALID = HEAD + b"  - ReLU\n"

INTRODUCTION = """\
# Checks

What `modelspec check` can find, by code. `modelspec explain MS304` prints the page of one.
A code, once published, keeps its meaning. Written by `tools/write_pages.py`.

| code | what is found |
|---|---|
"""


def find_example(code: str, page: str) -> dict[str, bytes]:
    """The files of a page's example by name: the fenced block, or one that is made.

    Of two blocks the first is the file that the other imports, or else the version before, which is called `old`.
    """
    if code in MADE:
        return {"model.yaml": MADE[code]}
    shown = FENCE.findall(page)
    if not shown:
        raise ValueError(f"the page of {code} shows no example")
    kind, content = shown[-1]
    imported = re.search(r"^imports: \[(.+)\]$", content, re.MULTILINE)
    if len(shown) == 2 and imported is not None:
        return {imported[1]: shown[0][1].encode(), f"model.{kind}": content.encode()}
    if len(shown) == 2:
        return {"old": shown[0][1].encode(), f"model.{kind}": content.encode()}
    if "modelspec_baseline" in content:
        return {BASELINE: content.encode(), "model.yaml": VALID}
    if kind == "toml":
        return {"modelspec.toml": content.encode(), "model.yaml": VALID}
    return {f"model.{kind}": content.encode()}


def run_example(example: dict[str, bytes], code: str = "") -> str:
    """What `modelspec check` says of an example, or of the later of two versions; of advice that has to be asked for
    if it is.
    """
    if "old" in example:
        return compare_example(example)
    shown = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stdout(shown):
        for name, content in example.items():
            Path(name).write_bytes(content)
        if BASELINE in example:
            check(["model.yaml"], baseline=BASELINE)
            return shown.getvalue()
        # A configuration is for what a folder holds.
        optional = code in RULES and code not in DEFAULT
        own = [name for name in example if name.startswith("model.")]
        check(["."] if "modelspec.toml" in example else own, select=[code] if optional else ())
    return shown.getvalue()


def compare_example(versions: dict[str, bytes]) -> str:
    """What `modelspec check --against` says of a spec of which the version before is known."""
    old, (name, new) = versions["old"], next(item for item in versions.items() if item[0] != "old")
    report = compare_versions(old, new, name)
    errors = sum(told.severity == "error" for told in report.diagnostics)
    return f"{show_findings(report)}\n{show_summary(1, 1, errors, len(report.diagnostics) - errors)}\n"


def write_page(code: str, page: str) -> str:
    """A page with its title and the output of its example as they are now."""
    _, _, rest = page.partition("\n")
    if code in RETIRED:
        return f"# {code}: {CODES[code]}\n{rest}"
    output = run_example(find_example(code, page), code)
    return f"# {code}: {CODES[code]}\n" + OUTPUT.sub(lambda _: f"```text\n{output}```", rest)


def write() -> dict[Path, str]:
    """The pages' texts, and that of docs/checks.md, by their paths."""
    texts = {}
    checks = INTRODUCTION
    parts = []
    for code, meaning in CODES.items():
        path = PAGES / f"{code}.md"
        page = write_page(code, path.read_text(encoding="utf-8"))
        texts[path] = page
        title, _, rest = page.partition("\n")
        anchor = re.sub(r"[^\w -]", "", title[2:].lower()).replace(" ", "-")
        checks += f"| [{code}](#{anchor}) | {meaning} |\n"
        # Its headings are one level further down here, but for what is a comment in an example.
        pieces = re.split(r"(^```.*?^```$)", rest, flags=re.DOTALL | re.MULTILINE)
        lowered = [
            piece if piece.startswith("```") else re.sub(r"^##", "###", piece, flags=re.MULTILINE) for piece in pieces
        ]
        parts.append(f"\n#{title}\n" + "".join(lowered))
    texts[CHECKS] = checks + "".join(parts)
    return texts


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    CHECKS.parent.mkdir(exist_ok=True)
    for path, text in write().items():
        path.write_text(text, encoding="utf-8")
