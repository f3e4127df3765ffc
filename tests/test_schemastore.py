"""The entry for SchemaStore keeps to SchemaStore's own rules, as its `cli.js check` has them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from modelspec import source

ROOT = Path(__file__).resolve().parent.parent
ENTRY = ROOT / "integrations" / "schemastore"
CATALOG = json.loads((ENTRY / "catalog.json").read_text(encoding="utf-8"))
VALIDATION = json.loads((ENTRY / "schema-validation.json").read_text(encoding="utf-8"))
KEYWORDS = VALIDATION["options"]["modelspec.json"]["unknownKeywords"]
EDITOR = ROOT / "tests" / "editor"
NODE = shutil.which("node")


def read_tests(kind: str) -> dict[str, Any]:
    paths = sorted((ENTRY / "src" / kind / "modelspec").iterdir())
    return {f"{kind}/{path.name}": source.read(path.read_bytes(), path.name).tree for path in paths}


GOOD, BAD = read_tests("test"), read_tests("negative_test")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema as it is handed in: with an address, which is all that the README's command changes."""
    text = (ROOT / "schema" / "modelspec-v1.schema.json").read_text(encoding="utf-8")
    assert text.count("urn:modelspec:schema:spec:1") == 1
    handed: dict[str, Any] = json.loads(text.replace("urn:modelspec:schema:spec:1", CATALOG["url"]))
    return handed


def test_entry_of_the_catalogue_keeps_to_the_rules() -> None:
    assert list(CATALOG) == ["name", "description", "fileMatch", "url"]
    for key in ("name", "description"):
        assert CATALOG[key] == CATALOG[key].strip(" \t,.-")
        assert "schema" not in CATALOG[key].lower()
        assert "\n" not in CATALOG[key]
    assert all("/" not in pattern or pattern.startswith("**/") for pattern in CATALOG["fileMatch"])
    assert CATALOG["url"] == "https://www.schemastore.org/modelspec.json"


def test_files_begin_with_the_line_that_names_the_schema() -> None:
    for path in (ENTRY / "src").rglob("*.yaml"):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert first == "# yaml-language-server: $schema=../../schemas/json/modelspec.json", path.name


NAMED = ("definitions", "dependencies", "patternProperties", "properties")
"""Keywords whose values are mappings of names."""


def list_keys(value: Any, named: bool = False) -> set[str]:
    """Every key that stands in a schema as a keyword. `named` is for a mapping whose keys are names."""
    if isinstance(value, list):
        return {key for member in value for key in list_keys(member)}
    if not isinstance(value, dict):
        return set()
    keys = set() if named else {*value}
    for key, member in value.items():
        if not named and key in ("const", "default", "defaultSnippets", "enum", "examples"):
            continue
        keys |= list_keys(
            member, not named and key in ("definitions", "properties", "patternProperties", "dependencies")
        )
    return keys


def test_keywords_are_of_the_draft_or_declared(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"] == CATALOG["url"]
    own = {*Draft7Validator.META_SCHEMA["properties"]}  # type: ignore[arg-type]
    assert list_keys(schema) - own == {"defaultSnippets", *KEYWORDS}


def test_examples_are_judged_as_their_folders_say(schema: dict[str, Any]) -> None:
    validator = Draft7Validator(schema)
    assert GOOD
    assert BAD
    assert {name: validator.is_valid(tree) for name, tree in {**GOOD, **BAD}.items()} == {
        **dict.fromkeys(GOOD, True),
        **dict.fromkeys(BAD, False),
    }


@pytest.mark.skipif(
    NODE is None or not (EDITOR / "node_modules" / "ajv").exists(), reason="Ajv: npm install --prefix tests/editor"
)
def test_ajv_judges_them_so_too(schema: dict[str, Any]) -> None:
    assert NODE is not None
    told = json.dumps({"schema": schema, "keywords": KEYWORDS, "documents": {**GOOD, **BAD}})
    done = subprocess.run([NODE, str(EDITOR / "judge.mjs")], input=told, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {**dict.fromkeys(GOOD, True), **dict.fromkeys(BAD, False)}
