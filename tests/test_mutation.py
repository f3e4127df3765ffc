"""The tool that breaks the catalogue: which changes it makes, and which it leaves alone."""

from __future__ import annotations

import ast

import mutate
import pytest
from mutation import apply, list_changes

from modelspec.catalogue.index import TYPES

CHANGES = {
    "x[1:]": {"1 -> 2", "1 -> 0"},
    "a < b": {"a < b -> a <= b"},
    "a - b": {"a - b -> a + b"},
    "a // b": {"a // b -> a * b"},
    "a and b": {"a and b -> a or b"},
    "not a": {"not a -> a"},
    "a if b else c": {"a if b else c -> c if b else a"},
    "Tensor('w', (a, b))": {"Tensor('w', (a, b)) -> Tensor('w', (b, a))"},
    "axes(a=x, b=y)": {"axes(a=x, b=y) -> axes(b=y, a=x)"},
    "pad = True": {"True -> False"},
    "def f():\n    yield Tensor('w', ())": {"left out: (yield Tensor('w', ()))"},
    "def f():\n    return Broken('C1', message, axis=0)": {"left out: return Broken(…)"},
    "if a:\n    b": {"if a -> if not"},
    # What is said stays as it is, and so do cases.
    "hint = 1": set(),
    "f'{a + 1}'": set(),
    "examples = (1, 2)": set(),
    "'''one'''": set(),
    "zip(a, b, strict=True)": set(),
    "Tensor('w', (a, a))": set(),
    "def f(x: int = 1) -> None: ...": set(),
    "Broken('C1', 'no', axis=1)": set(),
    "refuse_groups('C1', 0)": set(),
}


@pytest.mark.parametrize("source", CHANGES)
def test_changes_of_a_source(source: str) -> None:
    assert {change.what for change in list_changes(ast.parse(source))} == CHANGES[source]


@pytest.mark.parametrize("module", mutate.list_modules())
def test_a_change_is_one_and_can_be_compiled(module: str) -> None:
    text = mutate.path_of(module).read_text(encoding="utf-8")
    same = ast.unparse(ast.parse(text))
    number = len(list_changes(ast.parse(text)))
    for each in range(0, number, 40):
        tree, change = apply(text, each)
        assert ast.unparse(tree) != same, change
        compile(tree, module, "exec", dont_inherit=True)


def test_what_is_known_to_change_nothing_is_there() -> None:
    known = mutate.list_equivalents()
    modules = {f"{module.removeprefix('modelspec.').replace('.', '/')}.py": module for module in mutate.list_modules()}
    for each in known:
        assert mutate.find_equivalent(modules[each.file], [each])[each], each
        assert each.why
    assert len(set(known)) == len(known)


@pytest.mark.slow
def test_every_class_is_held_against_a_change_of_its_module() -> None:
    for module in mutate.list_modules():
        names = mutate.list_classes(module)
        if module.startswith("modelspec.catalogue."):
            _, _, dialect, family = module.split(".")
            assert {f"{dialect}.{name}" for name, own in TYPES[dialect].items() if own == family} <= set(names)
        else:
            assert len(names) == sum(map(len, TYPES.values()))
