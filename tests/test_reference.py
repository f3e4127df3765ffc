"""The catalogue in words: what is said of a type holds all that its class says, and the pages hold what is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import write_layers

from modelspec.catalogue import dialects, list_common, list_layers
from modelspec.catalogue.index import TYPES
from modelspec.layer import Example, Layer, fields_of, list_constraints
from modelspec.reference import describe, describe_container, fit_example

PAGES = write_layers.write()
LAYERS = {f"{dialect}.{layer.type_name()}": layer for dialect in dialects() for layer in list_layers(dialect)}
LAYERS |= {f"common.{layer.type_name()}": layer for layer in list_common()}
every_class = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)


def read_section(text: str, title: str) -> list[str]:
    """The lines of one section of a description, without their margin."""
    found = re.search(rf"^  {re.escape(title)}\n((?:    .*\n)+)", text, re.MULTILINE)
    return [] if found is None else [line[4:] for line in found[1].splitlines()]


def read_examples(text: str) -> list[list[str]]:
    """The examples of a description, each with what is said of it."""
    examples: list[list[str]] = []
    for line in read_section(text, "Examples"):
        if line.startswith(" "):
            examples[-1].append(line.strip())
        else:
            examples.append([line])
    return examples


@every_class
def test_all_that_a_class_says_is_told(layer: type[Layer]) -> None:
    text = describe(layer)
    names = {line.split()[0] for line in read_section(text, "Arguments") if not line.startswith(" ")}
    assert names == {name for name, field in fields_of(layer).items() if field.way != "built"} or names == {"none"}
    constraints = " ".join(" ".join(read_section(text, "Constraints")).split())
    assert constraints == " ".join(f"{number} {told}" for number, told in list_constraints(layer))
    tensors = {line.split()[0] for line in read_section(text, "Tensors") if not line.startswith(" ")}
    assert bool(tensors) == any(line.startswith("tensors: ") for _, *lines in read_examples(text) for line in lines)
    assert tensors or not any(example.parameters for example in layer.examples)


@every_class
def test_examples_are_told_with_what_comes_of_them(layer: type[Layer]) -> None:
    told = read_examples(describe(layer))
    assert len(told) == len(layer.examples)
    for example, (head, *lines) in zip(layer.examples, told, strict=True):
        if example.breaks is None and example.code is None:
            assert " gives " in head or layer.arity[1] == 0
            for label, count in (("parameters", example.parameters), ("MACs", example.macs)):
                shown = [line for line in lines if line.startswith(f"{label}: ")]
                assert all(line.endswith(f" {count:,}") for line in shown if count is not None), shown
        else:
            number = f" ({example.breaks})" if example.breaks is not None else ""
            assert any(re.match(rf"{example.code or 'MS...'} error{re.escape(number)}: ", line) for line in lines)


def test_formulas_are_told_with_names_and_with_numbers() -> None:
    text = describe(LAYERS["torch.Linear"])
    formulas = read_section(text, "Formulas")
    assert "parameters  (in_features + 1) × out_features" in formulas
    assert any(line.endswith("(512 + 1) × 10 = 5,130") for line in read_section(text, "Examples"))


def test_a_layer_inside_of_a_layer_inside_is_read() -> None:
    inside = {"type": "TimeDistributed", "layer": {"type": "Dense", "units": 3}}
    fitted, broken = fit_example(LAYERS["keras.TimeDistributed"], Example({"layer": inside}, input=(5, 4, 2)))
    assert not broken
    assert fitted is not None
    assert fitted.output_shape == (5, 4, 3)


def test_a_page_holds_what_is_printed_of_its_types() -> None:
    shown = re.findall(r"^## (\w+)\n\n```text\n(.*?)^```$", "".join(PAGES.values()), re.MULTILINE | re.DOTALL)
    assert len(shown) == len(LAYERS) + 4
    printed = [describe(layer) for layer in LAYERS.values()]
    for name, text in shown:
        assert text in printed or text == describe_container(name)


def test_index_leads_to_every_page() -> None:
    index = PAGES[write_layers.FOLDER / "README.md"]
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", index)}
    families = {f"{dialect}/{family}.md" for dialect, types in TYPES.items() for family in types.values()}
    assert {link for link in links if not link.startswith("..")} == {"common.md", *families}


def test_page_of_a_family_that_is_no_more_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(write_layers, "FOLDER", tmp_path)
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "gone.md").write_text("# torch.nn: what was\n", encoding="utf-8")
    texts = write_layers.write()
    assert [path.name for path, text in texts.items() if not text] == ["gone.md"]
