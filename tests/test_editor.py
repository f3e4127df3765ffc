"""What an author sees in an editor: our schema in the real yaml-language-server, driven over its protocol.

`tests/editor/cases` holds texts with marks (‸) where the cursor is, and beside each what is shown there: of
`complete-` what is offered that begins with the word before the mark, of `hover-` the texts at all marks, and of
`wrong-` what is told. With MODELSPEC_RECORD=1 in the environment all of it is written anew: read the difference
before it is committed.
The server comes by `npm install --prefix tests/editor`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from modelspec import source
from modelspec.catalogue import dialects, list_common, list_layers
from modelspec.json_schema import spec_schema
from modelspec.language import CONTAINERS, ENTRY_KEYS, STEP_KEYS
from modelspec.layer import Layer, fields_of
from tests.language_server import LanguageServer, Told

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "tests" / "editor"
CASES = sorted((HERE / "cases").glob("*.yaml"))
SCHEMA = ROOT / "schema" / "modelspec-v1.schema.json"
SERVER = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
BUNDLED = [*sorted((ROOT / "specs").rglob("*.yaml")), *sorted((ROOT / "tests" / "cases" / "pass").glob("*.yaml"))]
WRONG = {path: source.read(path.read_bytes(), path.name) for path in (ROOT / "tests" / "cases" / "fail").glob("*.yaml")}
FAILING = {path: document.tree for path, document in sorted(WRONG.items()) if document.readable}
"""What a tree can be read from. The rest is for a reader of YAML to tell."""
NODE = shutil.which("node")
RECORD = os.environ.get("MODELSPEC_RECORD") == "1"
MARK = "‸"
LONGEST = 160
"""Characters of a message: more are a wall, nobody reads them."""

SHOWN = re.compile(r"<!-- case: (\S+) -->\n```yaml\n(.*?)```\n\n```text\n(.*?)```\n", re.DOTALL)
"""A case on a page: its name, its text, and what is shown for it."""


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    if NODE is None or not SERVER.exists():
        pytest.skip("there is no yaml-language-server here: npm install --prefix tests/editor")
    with LanguageServer([NODE, str(SERVER), "--stdio"], SCHEMA.as_uri()) as running:
        yield running


def read_marks(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and the line and column of each, from 0."""
    lines, places = [], []
    for number, line in enumerate(text.split("\n")):
        first, *rest = line.split(MARK)
        for part in rest:
            places.append((number, len(first)))
            first += part
        lines.append(first)
    return "\n".join(lines), places


def show_item(item: dict[str, Any]) -> str:
    """A completion: what it is called, what it writes, and what is said of it."""
    written = item.get("textEdit", {}).get("newText", item["insertText"])
    told = item.get("documentation") or ""
    if isinstance(told, dict):
        told = told["value"].partition("\n\n----")[0]
    return " | ".join((item["label"], written.rstrip().replace("\n", "⏎"), told)).rstrip(" |")


def show_completion(server: LanguageServer, path: Path, text: str, place: tuple[int, int]) -> str:
    """What an editor offers: of all that the server has, what begins with the word before the mark."""
    line = text.split("\n")[place[0]][: place[1]]
    word = re.split(r"[ \[{,]", line)[-1].lower()
    items = server.complete(path, *place)
    return "".join(f"{show_item(item)}\n" for item in items if item["label"].lower().startswith(word))


def show_hover(server: LanguageServer, path: Path, text: str, place: tuple[int, int]) -> str:
    found = re.match(r"\w+", text.split("\n")[place[0]][place[1] :])
    assert found, f"a mark stands before a word, {place}"
    # Where a text comes from is the same everywhere, and ends with the path of this checkout.
    told = server.hover(path, place[0], place[1] + 1).partition("\n\nSource:")[0]
    assert told, f"nothing is said of {found[0]} in line {place[0] + 1}"
    return f"{place[0] + 1}: {found[0]}\n" + "".join(f"    {line}\n" for line in told.splitlines() if line)


def show_told(told: list[Told]) -> str:
    return "".join(f"{each.line}:{each.column}: {each.marked!r}: {each.message}\n" for each in sorted(told))


def show(server: LanguageServer, path: Path) -> str:
    text, places = read_marks(path.read_text(encoding="utf-8"))
    told = server.open(path, text)
    kind = path.name.partition("-")[0]
    if kind == "wrong":
        assert not places
        return show_told(told)
    assert places
    shown = {"complete": show_completion, "hover": show_hover}[kind]
    return "".join(shown(server, path, text, place) for place in places)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_author_sees_what_is_recorded(path: Path, server: LanguageServer) -> None:
    shown = show(server, path)
    expected = path.with_suffix(".txt")
    if RECORD:
        expected.write_text(shown, encoding="utf-8")
    assert shown == expected.read_text(encoding="utf-8"), "MODELSPEC_RECORD=1 writes it anew: read the difference"


def test_every_record_has_a_case() -> None:
    assert {path.stem for path in (HERE / "cases").glob("*.txt")} == {path.stem for path in CASES}


def test_page_shows_what_is_recorded() -> None:
    page = ROOT / "docs" / "editor.md"
    text = page.read_text(encoding="utf-8")

    def show_case(found: re.Match[str]) -> str:
        case, shown = ((HERE / "cases" / f"{found[1]}.{end}").read_text(encoding="utf-8") for end in ("yaml", "txt"))
        return f"<!-- case: {found[1]} -->\n```yaml\n{case}```\n\n```text\n{shown}```\n"

    fresh = SHOWN.sub(show_case, text)
    if RECORD:
        page.write_text(fresh, encoding="utf-8")
    assert len(SHOWN.findall(text)) == text.count("<!-- case: ") >= 4
    assert fresh == text or RECORD, "MODELSPEC_RECORD=1 writes it anew"


def list_types(dialect: str) -> list[type[Layer]]:
    return [*list_layers(dialect), *list_common()]


@pytest.mark.parametrize("dialect", dialects())
def test_types_complete_by_dialect(dialect: str, server: LanguageServer, tmp_path: Path) -> None:
    head = f"modelspec: 1\ndialect: {dialect}\ninput: [4]\nlayers:\n"
    names = {layer.type_name() for layer in list_types(dialect)} | {*CONTAINERS}
    offered = {}
    for name, line in (("type.yaml", "  - type: "), ("entry.yaml", "  - ")):
        server.open(tmp_path / name, f"{head}{line}\n")
        offered[name] = [item["label"] for item in server.complete(tmp_path / name, 4, len(line))]
    assert sorted(offered["type.yaml"]) == sorted(names)
    keys = {"type", *ENTRY_KEYS, *STEP_KEYS}
    assert {*offered["entry.yaml"]} == names | keys | {"block", "share"}
    assert len({*offered["entry.yaml"]}) == len(offered["entry.yaml"]), "each is offered once"


@pytest.mark.parametrize("dialect", dialects())
def test_arguments_complete_and_explain_themselves(dialect: str, server: LanguageServer, tmp_path: Path) -> None:
    """For every type: its arguments and those of every entry, and one offer that writes all that must be given."""
    head = f"modelspec: 1\ndialect: {dialect}\ninput: [4]\nlayers:\n"
    server.open(tmp_path / dialect / "first.yaml", head)
    for layer in list_types(dialect):
        name = layer.type_name()
        fields = {field.name: field for field in fields_of(layer).values() if field.way != "built"}
        path = tmp_path / dialect / f"{name}.yaml"
        server.open(
            path, f"modelspec: 1\ndialect: {dialect}\ninput: [4]\nlayers:\n  - type: {name}\n    \n", wait=False
        )
        items = {item["label"]: item for item in server.complete(path, 5, 4)}
        required = [field.name for field in fields.values() if field.required]
        whole = {name} if required else set()
        assert {*items} == {*fields} | {*ENTRY_KEYS, *STEP_KEYS} - {"type"} | whole, name
        if required:
            written = items[name]["insertText"]
            assert re.findall(r"^(\w+):", written, re.MULTILINE) == required, name
        for field in fields.values():
            told = items[field.name]["documentation"]
            ending = "Required." if field.required else r"Inferred .*" if field.way == "inferred" else r"Default: .+\."
            assert re.search(f"Takes .+{ending}$", told), (name, field.name, told)
        server.close(path)


def write_json(path: Path) -> str:
    return json.dumps(source.read(path.read_bytes(), path.name).tree, indent=2)


@pytest.fixture(scope="module")
def told(server: LanguageServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Told]]:
    """What is told of each file, as YAML and as JSON. All are opened at once: the server waits with each."""
    folder = tmp_path_factory.mktemp("opened")
    texts = {folder / str(number) / path.name: path.read_text() for number, path in enumerate([*BUNDLED, *FAILING])}
    texts |= {folder / str(number) / f"{path.name}.json": write_json(path) for number, path in enumerate(BUNDLED)}
    for path, text in texts.items():
        server.open(path, text, wait=False)
    return {path.name: server.wait(path, text) for path, text in texts.items()}


def test_bundled_specs_open_without_a_complaint(told: dict[str, list[Told]]) -> None:
    """As YAML, and the same as JSON, which the server reads as YAML."""
    names = [name for path in BUNDLED for name in (path.name, f"{path.name}.json")]
    assert {name: told[name] for name in names if told[name]} == {}


def test_first_line_names_the_schema(server: LanguageServer, tmp_path: Path) -> None:
    """Where no setting does: as a path from the spec."""
    shutil.copy(SCHEMA, tmp_path / "modelspec.schema.json")
    text = "# yaml-language-server: $schema=../modelspec.schema.json\nmodelspec: 1\ninput: [4]\nlayers: [Relu]\n"
    with LanguageServer(server.command, None) as bare:
        assert bare.open(tmp_path / "a" / "without.yaml", text.partition("\n")[2]) == []
        (told,) = bare.open(tmp_path / "a" / "with.yaml", text)
    assert (told.line, told.marked) == (4, "Relu")


VALIDATOR = Draft7Validator(spec_schema())
NO_VALUE = ("comma-slip.yaml", "comma-slip-of-three.yaml")
"""A key of a flow mapping that has no value is not looked at by the server."""


@pytest.mark.parametrize("path", FAILING, ids=lambda path: path.name)
def test_what_the_schema_refuses_is_told(path: Path, told: dict[str, list[Told]]) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        refused = not VALIDATOR.is_valid(FAILING[path])
    finally:
        sys.setrecursionlimit(limit)
    assert any(each.by_schema for each in told[path.name]) == (refused and path.name not in NO_VALUE)
    for each in told[path.name]:
        assert len(each.message) <= LONGEST, each.message
