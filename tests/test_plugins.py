"""Layer types that installed packages bring: the example package, and packages that are broken in every way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "tests" / "plugin"
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]

SPEC = """\
modelspec: 1
name: gated
input: [5, 16]
layers:
  - {type: GatedLinear, out_features: 10}
  - ReLU
budget: {parameters: {exactly: 340}, macs: {exactly: 1600}}
"""
LAYER = """\
from modelspec.layer import Layer, no_macs, no_tensors, same_shape
class Mine(Layer):
    '''What is mine.'''
    output_shape, list_tensors, count_macs = same_shape, no_tensors, no_macs
"""


def install(folder: Path, name: str, points: dict[str, str], version: str = "1.0") -> None:
    """What an installer writes of a package: its metadata, beside its modules."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    lines = [f"{point} = {value}" for point, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[modelspec.layers]", *lines, ""]), encoding="utf-8")


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The command, in a folder whose `site` is among what is installed: exit status and both streams."""
    path = os.pathsep.join([str(ROOT), str(folder / "site"), str(EXAMPLE)])
    done = subprocess.run(
        [sys.executable, "-m", "modelspec", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A folder in which the example package is installed, with a spec that uses it."""
    install(tmp_path / "site", PROJECT["name"], PROJECT["entry-points"]["modelspec.layers"], PROJECT["version"])
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def break_with(tmp_path: Path, points: dict[str, str], code: str = LAYER) -> Path:
    """A folder in which a package with this module and these entry points is installed."""
    install(tmp_path / "site", "broken", points)
    (tmp_path / "site" / "mine.py").write_text(code, encoding="utf-8")
    (tmp_path / "spec.yaml").write_text("modelspec: 1\ninput: [8]\nlayers: [Mine]\n", encoding="utf-8")
    return tmp_path


def test_a_type_of_a_package_is_checked_and_counted(example: Path) -> None:
    assert run(example, "check", "spec.yaml")[0] == 0
    status, told, _ = run(example, "report", "spec.yaml", "--format", "json")
    assert status == 0
    (first, _) = json.loads(told)["models"][0]["layers"]
    assert (first["path"], first["type"], first["inferred"]) == ("GatedLinear-1", "GatedLinear", ["in_features"])
    assert [tensor["name"] for tensor in first["tensors"]] == ["weight", "bias"]
    assert "2 × 10 × (16 + 1) = 340" in run(example, "explain", "spec.yaml")[1]


def test_its_mistakes_are_found(example: Path) -> None:
    text = SPEC.replace("out_features: 10", "out_feature: 10, in_features: 4")
    (example / "spec.yaml").write_text(text, encoding="utf-8")
    status, told, _ = run(example, "check", "spec.yaml")
    assert status == 1
    assert "MS203" in told
    assert "did you mean 'out_features'?" in told


def test_it_is_listed_and_shown(example: Path) -> None:
    assert "  torch GatedLinear  Two affine maps" in run(example, "layers")[1]
    assert "(example-layers 1.0)" in run(example, "layers", "--dialect", "torch")[1]
    assert "GatedLinear" not in run(example, "layers", "--dialect", "keras")[1]
    status, told, _ = run(example, "layers", "GatedLinear")
    assert status == 0
    assert told.startswith("GatedLinear (torch)\n")
    for line in ("parameters: 2 × 10 × (16 + 1) = 340", "MS304 error (C1)", "MS303 error (C2)"):
        assert line in told


def test_near_names_are_sought_among_its_names_too(example: Path) -> None:
    (example / "spec.yaml").write_text(SPEC.replace("GatedLinear", "GatedLinaer"), encoding="utf-8")
    assert "did you mean 'GatedLinear'?" in run(example, "check", "spec.yaml")[1]
    assert "did you mean 'GatedLinear'?" in run(example, "layers", "GatedLinaer")[2]


def test_without_the_package_its_type_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    status, told, _ = run(tmp_path, "check", "spec.yaml")
    assert status == 1
    assert 'MS207 error: "GatedLinear" is no torch layer' in told


def test_a_type_belongs_to_one_dialect(example: Path) -> None:
    (example / "spec.yaml").write_text(SPEC.replace("name:", "dialect: keras\nname:"), encoding="utf-8")
    assert '"GatedLinear" is no keras layer' in run(example, "check", "spec.yaml")[1]


BROKEN = {
    "a module that is not there": ({"torch.Mine": "nowhere:Mine"}, LAYER, "ModuleNotFoundError: No module named"),
    "a class that is not there": ({"torch.Mine": "mine:Other"}, LAYER, "cannot be imported: AttributeError"),
    "code that fails": ({"torch.Mine": "mine:Mine"}, "raise RuntimeError('no\\nway')", "imported: RuntimeError: no"),
    "code that leaves": ({"torch.Mine": "mine:Mine"}, "import sys\nsys.exit(0)", "cannot be imported: SystemExit"),
    "code that is none": ({"torch.Mine": "mine:Mine"}, "class", "cannot be imported: SyntaxError"),
    "no layer": ({"torch.Mine": "mine:Mine"}, "class Mine: pass", "no subclass of modelspec.layer.Layer"),
    "no class": ({"torch.Mine": "mine"}, LAYER, "no subclass of modelspec.layer.Layer"),
    "another name": ({"torch.Mine": "mine:Mine"}, f"{LAYER}Mine.__name__ = 'Yours'", "is called Yours"),
    "another dialect": ({"torch.Mine": "mine:Mine"}, f"{LAYER}    dialect = 'keras'", "a layer of keras, and not of"),
    "no MACs": ({"torch.Mine": "mine:Mine"}, f"{LAYER}del Mine.count_macs", "lacks count_macs"),
    "a bad default": (
        {"torch.Mine": "mine:Mine"},
        f"from modelspec.layer import Size\n{LAYER}    size: Size = 'much'",
        "cannot be imported: ",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_package_is_a_finding_at_the_type(tmp_path: Path, case: str) -> None:
    points, code, told = BROKEN[case]
    folder = break_with(tmp_path, points, code)
    status, output, _ = run(folder, "check", "spec.yaml")
    assert status == 1
    assert 'spec.yaml:3:10: MS207 error: "Mine" is a torch layer of broken 1.0, and cannot be used: ' in output
    assert told in output
    assert told in run(folder, "layers")[1]
    assert told in run(folder, "layers", "Mine")[2]


FAILING = {
    "output_shape fails": ("output_shape = lambda self, x: (x[0] // 0,)", "<lambda> raises ZeroDivisionError: "),
    "a shape is a list": ("def output_shape(self, x): return [*x]", "output_shape gives [8]"),
    "a size is a float": ("def output_shape(self, x): return (x[0] / 2,)", "output_shape gives 4.0"),
    "no shape": ("def output_shape(self, x): return None", "what it gives raises TypeError: "),
    "takes another number": ("def output_shape(self, x, y): return x", "what it gives raises TypeError: "),
    "list_tensors fails": (
        "def list_tensors(self):\n        yield from self.nothing",
        "list_tensors raises AttributeError: 'Mine' object has no attribute 'nothing'",
    ),
    "a tensor is a name": ("def list_tensors(self): return ['weight']", "what it gives raises AttributeError: "),
    "count_macs fails": (
        "def count_macs(self, x, y): raise RuntimeError('no\\nway')",
        "count_macs raises RuntimeError: no",
    ),
    "count_macs leaves": ("def count_macs(self, x, y): raise SystemExit(0)", "count_macs raises SystemExit: 0"),
    "a count is true": ("def count_macs(self, x, y): return True", "count_macs gives True"),
    "constrain fails": ("def constrain(self, x):\n        yield self.axis", "constrain raises AttributeError: "),
    "constrain gives words": ("def constrain(self, x): return ['too wide']", "constrain gives 'too wide'"),
    "words fail": ("def conventions(self):\n        yield 1 // 0", "conventions raises ZeroDivisionError: "),
    "words are none": ("def macs_by_hand(self, x, y): return 'input['", "what it gives raises ExpressionError: "),
    "words of what is not there": (
        "def parameters_by_hand(self): return 'width'",
        "what it gives raises ExpressionError: ",
    ),
}


INSIDE = """\
modelspec: 1
input: [8]
layers:
  - {type: WeightNorm, module: Mine}
  - {type: Linear, out_features: 2}
"""


@pytest.mark.parametrize("case", FAILING)
def test_a_class_that_fails_is_a_finding_at_the_layer(tmp_path: Path, case: str) -> None:
    method, told = FAILING[case]
    folder = break_with(tmp_path, {"torch.Mine": "mine:Mine"}, f"{LAYER}    {method}\n")
    # A layer around it, and one after it, are not to blame.
    (folder / "inside.yaml").write_text(INSIDE, encoding="utf-8")
    status, output, _ = run(folder, "check", "spec.yaml", "inside.yaml")
    assert status == 1
    who = "Mine is a torch layer of broken 1.0, and cannot be used here"
    assert f"spec.yaml:3:10: MS207 error: Mine-1: {who}: {told}" in output
    assert f"inside.yaml:4:32: MS207 error: WeightNorm-1: {who}: {told}" in output
    assert output.count(" error: ") == 2


@pytest.mark.parametrize("command", ["report", "explain", "resolve"])
def test_other_commands_find_it_too(tmp_path: Path, command: str) -> None:
    method, told = FAILING["words fail"]
    folder = break_with(tmp_path, {"torch.Mine": "mine:Mine"}, f"{LAYER}    {method}\n")
    status, output, trouble = run(folder, command, "spec.yaml")
    assert status == 1
    assert told in output + trouble


def test_an_example_that_fails_is_told(tmp_path: Path) -> None:
    folder = break_with(tmp_path, {"torch.Mine": "mine:Mine"}, f"{LAYER}    examples = (1,)\n")
    status, _, told = run(folder, "layers", "Mine")
    assert status == 2
    assert "Mine is a torch layer of broken 1.0, and cannot be shown: AttributeError: 'int' object" in told
    assert run(folder, "check", "spec.yaml")[0] == 0


def test_a_whole_package_is_used(tmp_path: Path) -> None:
    """The fixture of the broken ones is not what breaks them."""
    assert run(break_with(tmp_path, {"torch.Mine": "mine:Mine"}), "check", "spec.yaml")[0] == 0


@pytest.mark.parametrize("name", ["ReLU", "Residual", "Custom"])
def test_a_name_of_our_own_is_ours(tmp_path: Path, name: str) -> None:
    folder = break_with(tmp_path, {f"torch.{name}": "mine:Mine"}, "raise RuntimeError('imported')")
    entry = {"Residual": "{type: Residual, layers: [ReLU]}"}.get(name, name)
    (folder / "spec.yaml").write_text(f"modelspec: 1\ninput: [8]\nlayers:\n  - {entry}\n", encoding="utf-8")
    assert run(folder, "check", "spec.yaml")[0] == 0
    told = run(folder, "layers")[1]
    assert f"torch {name}  cannot be used: modelspec has a type of this name, which is the one that is used" in told


def test_a_name_that_two_packages_bring_is_neither_s(tmp_path: Path) -> None:
    folder = break_with(tmp_path, {"torch.Mine": "mine:Mine"})
    install(folder / "site", "other", {"torch.Mine": "mine:Mine"})
    assert "broken 1.0 and other 1.0 both bring it: uninstall one" in run(folder, "check", "spec.yaml")[1]


def test_an_entry_point_without_a_dialect_is_told(tmp_path: Path) -> None:
    folder = break_with(tmp_path, {"Mine": "mine:Mine"})
    assert "its entry point is called 'Mine', and not by a dialect and a type" in run(folder, "layers")[1]
    assert '"Mine" is no torch layer' in run(folder, "check", "spec.yaml")[1]


def test_who_uses_types_of_ours_does_not_pay_for_it(example: Path) -> None:
    spec = "modelspec: 1\ninput: [5, 16]\nblocks: {b: {layers: [ReLU]}}\nlayers:\n"
    spec += "  - {type: Residual, layers: [{block: b}]}\n  - {type: Parallel, branches: [ReLU, [ReLU]]}\n"
    (example / "ours.yaml").write_text(spec + "  - {type: Custom, macs: 1}\n", encoding="utf-8")
    code = (
        "import sys\nfrom modelspec.__main__ import run\nassert run(['check', sys.argv[1]]) == 0\n"
        "print('importlib.metadata' in sys.modules, 'modelspec.catalogue.plugins' in sys.modules)"
    )
    path = os.pathsep.join([str(ROOT), str(example / "site"), str(EXAMPLE)])
    for name, told in (("ours.yaml", "False False"), ("spec.yaml", "True True")):
        done = subprocess.run(
            [sys.executable, "-c", code, name],
            cwd=example,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stdout.splitlines()[-1] == told, name
