"""The page on the language: its examples are what they say, and its tables name every key and word that there is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import draw_report
import pytest
from draw_comment import PICTURE, digest, read_digest, write_comment
from write_docs import BLOCK, read_files

import modelspec
from modelspec.catalogue.index import TYPES
from modelspec.expressions.words import ARRIVING, FUNCTIONS, LITERALS
from modelspec.language import BLOCK_KEYS, CONTAINERS, ENTRY_KEYS, STEP_KEYS, TOP_KEYS, VARIANT_KEYS
from modelspec.limit import METRICS
from modelspec.schema import LongShape

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
FILES = read_files(PAGE)
WRONG = {name for name in FILES if re.search(rf"^\$ modelspec check {re.escape(name)}\n{re.escape(name)}:", PAGE, re.M)}
"""The files that the page shows the findings of."""


def read_table(heading: str) -> dict[str, str]:
    """The first table under a heading: each thing that its first column names, with the rest of its row."""
    section = re.split(rf"^#+ {heading}$", PAGE, maxsplit=1, flags=re.M)[1]
    table = re.search(r"^\|---.*\n((?:\|.*\n)+)", section, re.M)
    assert table is not None
    rows = [line.split(" | ", 1) for line in table[1].splitlines()]
    named = [(word, rest) for first, rest in rows for word in re.findall(r"`([^`]+)`", first)]
    assert len(dict(named)) == len(named), "a row stands twice"
    return dict(named)


def test_every_example_is_a_whole_spec_that_is_checked() -> None:
    shown = [block for block in BLOCK.finditer(PAGE) if block["language"] in ("yaml", "json")]
    assert shown
    for block in shown:
        assert block["mark"] == "file", f"no file is named for {block['text'][:60]!r}"
        assert block["text"].startswith("modelspec: 1\n")
    assert len(shown) == len(FILES), "two examples have one name"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files of the page."""
    folder = tmp_path_factory.mktemp("page")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", FILES)
def test_example_is_valid_or_shown_to_be_wrong(name: str, folder: Path) -> None:
    found = modelspec.check(folder / name).diagnostics
    assert bool(found) == (name in WRONG), [told.message for told in found]


def test_examples_use_what_the_language_has() -> None:
    """A key without an example is one that nobody learns."""
    told = "\n".join(FILES.values())
    keys = {*TOP_KEYS, *ENTRY_KEYS, *STEP_KEYS, *BLOCK_KEYS, *(key for keys in CONTAINERS.values() for key in keys)}
    unseen = {key for key in (*keys, "block", "with", "share") if not re.search(rf"\b{key}:", told)}
    assert unseen == {"description", "metadata"}
    assert {name for name in CONTAINERS if name not in told} == {"Sequential"}


def join(*lists: Iterable[str]) -> set[str]:
    return {word for words in lists for word in words}


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("Of the file", {*TOP_KEYS}),
        ("Of an input", {*LongShape.model_fields}),
        ("Of an entry", {*ENTRY_KEYS, *STEP_KEYS, "block", "with", "share"}),
        ("Of a container", join(*CONTAINERS.values())),
        ("Of a block", {*BLOCK_KEYS}),
        ("Of a variant", {*VARIANT_KEYS}),
        ("Of a budget", {*METRICS, "layers", "growth"}),
    ],
)
def test_table_holds_every_key(heading: str, keys: set[str]) -> None:
    assert set(read_table(heading)) == keys


def test_table_says_whose_key_it_is() -> None:
    rows = read_table("Of a container")
    owners = {key: set(re.findall(r"`(\w+)`", rest.partition(" | ")[0])) for key, rest in rows.items()}
    assert owners == {key: {name for name, keys in CONTAINERS.items() if key in keys} for key in rows}


def test_table_holds_every_word() -> None:
    rows = read_table("Every word of expressions")
    assert {word.partition("(")[0] for word in rows} == {*LITERALS, *ARRIVING, *FUNCTIONS, "index"}
    for word in rows:
        name, bracket, _ = word.partition("(")
        assert bool(bracket) == (name in FUNCTIONS)


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_layer_types_are_counted(name: str) -> None:
    """A page says how many types the catalogue knows: those of today."""
    text = (ROOT / name).read_text(encoding="utf-8")
    told = re.findall(r"(\d+)\s+(?:layer\s+types\s+)?of\s+(torch|Keras)\b", text)
    assert {(dialect.lower(), int(number)) for number, dialect in told} == {(name, len(TYPES[name])) for name in TYPES}


def test_files_of_the_zoo_are_counted() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.search(r"specs/zoo/\): (\d+) files", text)
    assert told is not None
    assert int(told[1]) == len([*(ROOT / "specs" / "zoo").iterdir()])


def test_the_picture_shows_the_comment_that_is_written() -> None:
    comment = write_comment()
    assert comment.startswith("<!-- modelspec -->\n## ")
    assert read_digest(PICTURE.read_bytes()) == digest(comment), "run `python tools/draw_comment.py`"


def test_the_picture_shows_the_page_that_is_written() -> None:
    remembered = read_digest(draw_report.PICTURE.read_bytes(), draw_report.KEY)
    assert remembered == draw_report.digest(draw_report.write_page()), "run `python tools/draw_report.py`"
