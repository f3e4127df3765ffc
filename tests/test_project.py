"""What holds for the project as a whole: who imports what, what a start loads, and that nothing generated is stale."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest
from read_readme import read_commands

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
TOOLS = sorted(path.stem for path in (ROOT / "tools").glob("write_*.py"))

OUTSIDE = {
    "pydantic": {
        "modelspec.budget_models",
        "modelspec.closed",
        "modelspec.entry_models",
        "modelspec.report",
        "modelspec.schema",
    },
    "pydantic_core": {"modelspec.closed", "modelspec.entry_models", "modelspec.schema"},
    "pytest": {"modelspec.pytest_plugin"},
    "typer": {"modelspec.cli.app"},
    "yaml": {"modelspec.source.events"},
}
"""Which module imports what is not Python's own. No framework is among them."""

HOSTS = {"pytest"}
"""What is there when it loads us, and is not required."""

ROAD = {
    "",
    ".__main__",
    ".advice",
    ".advice.facts",
    ".advice.index",
    ".advice.selection",
    ".budget",
    ".catalogue",
    ".catalogue.index",
    ".cli",
    ".cli.batch",
    ".cli.check",
    ".cli.console",
    ".config",
    ".cost",
    ".diagnostics",
    ".dtype",
    ".entry",
    ".expressions",
    ".expressions.words",
    ".files",
    ".fitting",
    ".graph",
    ".kinds",
    ".record",
    ".refusal",
    ".language",
    ".layer",
    ".limit",
    ".render",
    ".render.summary",
    ".resolve",
    ".resolve.frames",
    ".resolve.notes",
    ".resolve.walk",
    ".road",
    ".shape",
    ".source",
    ".source.bounds",
    ".source.document",
    ".source.events",
    ".source.yaml_tree",
    ".spec",
    ".spec.model",
    ".spec.reader",
    ".template",
    ".version",
}
"""What the check of a spec loads of modelspec itself, if nothing is wrong, it has no layer, and no expression."""

EXPRESSIONS = {".expressions.arithmetic", ".expressions.build", ".expressions.scan"}
STANDARD = {"__future__", "_ast", "array", "errno", "gc"}
"""What that check loads of the standard library beyond typing, importlib and what PyYAML loads."""


def list_files() -> list[Path]:
    """The files of the project: what git has, or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def run(*command: str | Path) -> None:
    """Run a tool over the project; its complaints are the failure."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def list_loaded(code: str, folder: Path) -> set[str]:
    """The modules that a fresh interpreter has loaded once it has run this."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint('\\nloaded', *sys.modules)"]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, encoding="utf-8", check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def list_own(loaded: set[str]) -> set[str]:
    """Those of modelspec, without its name."""
    return {name.removeprefix("modelspec") for name in loaded if name.partition(".")[0] == "modelspec"}


def check(folder: Path, *layers: str) -> set[str]:
    """What checking a spec of these layers loads."""
    lines = ["modelspec: 1", "name: m", "input: [1, 8, 8]", "layers:", *(f"  - {layer}" for layer in layers)]
    (folder / "spec.yaml").write_text("\n".join([*lines, "budget: {parameters: 1M}\n"]), encoding="utf-8")
    code = "from modelspec.__main__ import run\nassert run(['check', 'spec.yaml']) == 0"
    return list_loaded(code, folder)


def test_ruff_finds_nothing() -> None:
    run(BIN / "ruff", "check", ".")


def test_ruff_would_format_nothing() -> None:
    run(BIN / "ruff", "format", "--check", ".")


def test_mypy_finds_nothing() -> None:
    run(BIN / "mypy")


def test_each_floor_imports_only_floors_below() -> None:
    run(BIN / "lint-imports", "--no-logo", "--no-cache")


def test_what_is_not_pythons_own_is_imported_in_its_place_only() -> None:
    graph = grimp.build_graph("modelspec", include_external_packages=True, cache_dir=None)
    outside = {name for name in graph.modules if graph.is_module_squashed(name)} - sys.stdlib_module_names
    assert {name: graph.find_modules_that_directly_import(name) for name in outside} == OUTSIDE


def test_everything_imported_is_required_and_the_reverse() -> None:
    required = {re.split(r"[<>=]", text)[0] for text in PROJECT["dependencies"]}
    distributions = {"pydantic_core": "pydantic", "yaml": "pyyaml"}
    assert {distributions.get(name, name) for name in OUTSIDE.keys() - HOSTS} == required


def test_importing_the_package_loads_nothing_heavy(tmp_path: Path) -> None:
    loaded = list_loaded("import modelspec", tmp_path)
    assert list_own(loaded) == {"", ".version"}
    assert loaded - list_loaded("import typing", tmp_path) - {"__future__"} == {"modelspec", "modelspec.version"}


def test_a_check_in_which_all_is_well_loads_what_it_needs(tmp_path: Path) -> None:
    loaded = check(tmp_path, "{type: ReLU}")
    family = {".catalogue.torch", ".catalogue.torch.activation"}
    assert list_own(loaded) == ROAD | family
    unnamed = {name for name in loaded if not name.startswith("modelspec")}
    assert unnamed - list_loaded("import importlib, typing, yaml", tmp_path) <= STANDARD


@pytest.mark.parametrize(
    ("layers", "modules"),
    [
        (["Flatten", "{type: Linear, out_features: 2}"], {"flatten", "linear", "numbering"}),
        (
            [
                "{type: Conv2d, out_channels: 2, kernel_size: 3, bias: false}",
                "BatchNorm2d",
                "ReLU",
                "Dropout",
                "Flatten",
            ],
            {"conv", "window", "batchnorm", "activation", "dropout", "flatten", "numbering"},
        ),
    ],
)
def test_a_check_loads_the_families_of_its_layers_only(tmp_path: Path, layers: list[str], modules: set[str]) -> None:
    loaded = list_own(check(tmp_path, *layers))
    assert loaded - ROAD == {".catalogue.torch", *(f".catalogue.torch.{module}" for module in modules)}


def test_rules_are_loaded_where_there_is_what_they_are_about(tmp_path: Path) -> None:
    """Advice that nothing is about costs no check anything."""
    plain = ["{type: Linear, out_features: 2, bias: false}", "BatchNorm1d", "{type: Dropout}", "Flatten"]
    plain = ["Flatten", *plain, "{type: Linear, out_features: 2}", "{type: Softmax, dim: -1}"]
    own = {".advice", ".advice.facts", ".advice.index", ".advice.selection"}
    assert {name for name in list_own(check(tmp_path, *plain)) if name.startswith(".advice")} == own
    loaded = list_own(check(tmp_path, "Flatten", "{type: Linear, out_features: 2}", "BatchNorm1d"))
    running = {".advice.readers", ".advice.rule", ".advice.running", ".advice.view"}
    rule = {".advice.bias_before_norm", ".advice.channels"}
    assert {name for name in loaded if name.startswith(".advice")} == own | running | rule


def test_expressions_are_loaded_where_there_are_some(tmp_path: Path) -> None:
    plain = list_own(check(tmp_path, "Flatten", "{type: Linear, out_features: 2}"))
    assert list_own(check(tmp_path, "Flatten", "{type: Linear, out_features: 1 + 1}")) - plain == EXPRESSIONS


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_generated_is_fresh(tool: str) -> None:
    for path, text in importlib.import_module(tool).write().items():
        assert path.read_text(encoding="utf-8") == text, f"run `python tools/{tool}.py`"


def test_readme_holds_the_commands_that_are_run() -> None:
    commands = read_commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(commands) == {"check", "test"}
    assert all(command.count("\n") == 1 for command in commands.values())
    assert re.findall(r"run_in_clone (\w+)$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE) == [
        "check",
        "test",
    ]


def test_links_lead_somewhere() -> None:
    for page in [path for path in list_files() if path.suffix == ".md"]:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            target = link.partition("#")[0]
            assert "://" in link or not target or (page.parent / target).exists(), f"{page.name}: {link}"


def test_no_file_names_a_place_of_one_machine() -> None:
    folders = "|".join(["work", "root", "home", "opt", "tmp", "Users"])
    place = re.compile(rf"(?<![\w.$}}*)/-])/(?:{folders})/")
    found = []
    for path in list_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {text[match.start() :][:60]!r}" for match in place.finditer(text)]
    assert not found
