"""The configuration: what its globs match, what is wrong with it, and where."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelspec import config
from modelspec.config import MAX_BYTES, MAX_PARTS, reading
from modelspec.config.glob import Glob
from modelspec.limit import Limit, Share
from tests.pace import at_once

MATCHES = [  # a glob, what it matches, what it does not
    ("configs/**", ["configs/a.yaml", "configs/a/b/c.yaml"], ["a.yaml", "other/configs/a.yaml", "configs2/a.yaml"]),
    ("configs", ["configs/a.yaml", "configs/a/b.yaml", "configs"], ["configs.yaml", "a/configs/b.yaml"]),
    ("configs/", ["configs/a.yaml"], ["configs.yaml"]),
    ("./configs/", ["configs/a.yaml"], ["a.yaml"]),
    ("configs\\scratch", ["configs/scratch/a.yaml"], ["configs/a.yaml"]),
    (".", ["a.yaml", "a/b.yaml"], []),
    ("**", ["a.yaml", "a/b.yaml"], []),
    ("*.yaml", ["a.yaml", ".yaml"], ["a/b.yaml", "a.yml", "a.YAML"]),
    ("**/*.yaml", ["a.yaml", "a/b.yaml", "a/b/c.yaml"], ["a/b.yml"]),
    ("**.yaml", ["a.yaml", "a/b.yaml", "a/b/c.yaml"], ["a/b.yml"]),
    ("**/scratch", ["scratch/a.yaml", "a/b/scratch/c.yaml"], ["scratches/a.yaml"]),
    ("a/**/b/*.yaml", ["a/b/c.yaml", "a/x/b/c.yaml", "a/x/b/b/c.yaml"], ["a/c.yaml", "b/c.yaml", "a/b/x/c.yaml"]),
    ("a/*/c.yaml", ["a/b/c.yaml"], ["a/c.yaml", "a/b/b/c.yaml"]),
    ("model_?.yaml", ["model_1.yaml", "model_\n.yaml"], ["model_10.yaml", "model_.yaml"]),
    ("model_[0-3].yaml", ["model_2.yaml"], ["model_4.yaml", "model_[0-3].yaml"]),
    ("model_[!0-3].yaml", ["model_4.yaml"], ["model_2.yaml"]),
    ("{{ name }}/**", ["{{ name }}/a.yaml"], ["name/a.yaml"]),
    ("a+(b).yaml", ["a+(b).yaml"], ["aa(b).yaml"]),
]


@pytest.mark.parametrize(("glob", "yes", "no"), MATCHES)
def test_what_a_glob_matches(glob, yes, no):
    assert [path for path in yes + no if Glob(glob).matches(path.split("/"))] == yes


STEPS = st.lists(st.sampled_from(["a", "b", "ab", "aab", "ba"]), min_size=1, max_size=6)
GLOBS = st.lists(st.sampled_from(["a", "b", "*", "?", "a*", "*b", "a*b", "**", "*a*"]), min_size=1, max_size=6)


@given(GLOBS, STEPS)
@example(["**", "a", "**", "a", "b"], ["a", "b", "a", "ab", "a", "b"])
def test_a_glob_is_the_regular_expression_that_it_looks_like(glob, steps):
    pattern = ""
    for step in glob:
        name = step.replace("*", "[^/]*").replace("?", "[^/]")
        pattern += "(?:[^/]*/)*" if step == "**" else f"{name}/"
    expected = re.match(pattern, "".join(f"{step}/" for step in steps)) is not None
    assert Glob("/".join(glob)).matches(steps) == expected


def test_no_glob_takes_long():
    with at_once(0.2):
        assert not Glob("a*" * 100 + "b").matches(["a" * 250])
        assert not Glob("**/a/" * 100 + "b").matches(["a"] * 1_000)


def write(folder, name, text):
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    return config.read(str(folder))


def told(configuration):
    """Code, place, the text that stands there, and the hint, of each finding."""
    found = []
    for document, finding in configuration.findings:
        place = finding.where
        text = document.line(place.line)[place.column - 1 : place.end_column - 1]
        found.append((finding.code, place.line, text, finding.hint))
    return found


KNOWN = "known keys are include, exclude, select, ignore, per-file-ignores, growth, limits"
FAULTS = [  # in pyproject.toml
    ("[tool.modelspec]\nexclud = []\n", [("MS701", 2, "exclud", "did you mean 'exclude'?")]),
    ("[tool.modelspec]\n'colour x' = 1\n", [("MS701", 2, "'colour x'", KNOWN)]),
    ("[tool.modelspec]\ninclude = 'a'\n", [("MS702", 2, "include", 'write include = ["configs/**"]')]),
    ("[tool.modelspec]\ninclude = ['a', 1]\n", [("MS702", 2, "include", 'write include = ["configs/**"]')]),
    ("[tool.ruff]\nexclude = []\n[tool.modelspec]\n  exclude = 5\n", [("MS702", 4, "exclude", ...)]),
    (
        '[tool.x]\na = """\n[tool.modelspec]\nexclude=5\n"""\n[tool.modelspec]\nexclude=5\n',
        [("MS702", 7, "exclude", ...)],
    ),
    ("[tool]\nmodelspec.exclude = 5\n", [("MS702", 2, "exclude", ...)]),
    ("tool.modelspec.exclude = 5\n", [("MS702", 1, "exclude", ...)]),
    ("[tool]\nmodelspec = {include = [], exclude = 5}\n", [("MS702", 2, "exclude", ...)]),
    ("[tool . 'modelspec']\nexclude = 5\n", [("MS702", 2, "exclude", ...)]),
    ("[tool.modelspec]\nselect = 'MS6'\n", [("MS702", 2, "select", ...)]),
    ("[tool.modelspec]\nselect = []\nignore = ['MS304']\n", [("MS702", 3, "ignore", ...)]),
    (
        "[tool.modelspec]\nignore = ['MS601', 'E5', 'MS699']\n",
        [("MS702", 2, "ignore", ...), ("MS702", 2, "ignore", ...)],
    ),
    ("[tool.modelspec]\nper-file-ignores = ['MS6']\n", [("MS702", 2, "per-file-ignores", ...)]),
    ("[tool.modelspec.per-file-ignores]\n'a.yaml' = 'MS6'\n", [("MS702", 2, "'a.yaml'", ...)]),
    ("[tool.modelspec.per-file-ignores]\n'a.yaml' = ['MS6']\n'../b' = ['MS6']\n", [("MS702", 3, "'../b'", ...)]),
    ("[tool.modelspec]\nselects = ['MS6']\n", [("MS701", 2, "selects", "did you mean 'select'?")]),
    ("[tool.modelspec.growth]\nmac = 1\n", [("MS701", 2, "mac", "did you mean 'macs'?")]),
    ("[tool.modelspec.growth]\nmacs = '5'\nparameters = '-5%'\n", [("MS702", 3, "parameters", ...)]),
    ("[tool.modelspec]\ngrowth = '5%'\n", [("MS702", 2, "growth", ...)]),
    ("[tool.modelspec.limits]\nfiles = []\n", [("MS702", 1, "limits", ...)]),
    ("[tool.modelspec]\nlimits = [1]\n", [("MS702", 2, "limits", ...)]),
    ("[[tool.modelspec.limits]]\nfiles = []\n", [("MS702", 1, "limits", ...)]),
    ("[[tool.modelspec.limits]]\nfiles = 'a'\nbudget = {}\n", [("MS702", 2, "files", ...)]),
    ("[[tool.modelspec.limits]]\nbudgets = {}\n", [("MS701", 2, "budgets", "did you mean 'budget'?")]),
    ("[[tool.modelspec.limits]]\nbudget = 5\n", [("MS702", 2, "budget", ...)]),
    (
        "[[tool.modelspec.limits]]\nbudget = {macs = 1}\n[[tool.modelspec.limits]]\nbudget = {parameters = 'x'}\n",
        [("MS702", 4, "parameters", ...)],
    ),
    (
        "[[tool.modelspec.limits]]\n[tool.modelspec.limits.budget]\nmacs = true\nweight_bytes = {max = '1 XB'}\n",
        [("MS702", 3, "macs", ...), ("MS702", 4, "max", ...)],
    ),
    (
        "[[tool.modelspec.limits]]\nbudget.layers.'a.*' = {each = true}\nbudget.layers.b = {parameter = 1}\n",
        [("MS702", 2, "'a.*'", ...), ("MS701", 3, "parameter", ...)],
    ),
    (
        "[[tool.modelspec.limits]]\n[tool.modelspec.limits.budget.layers]\nc = {parameters = '101%'}\n",
        [("MS702", 3, "parameters", ...)],
    ),
    ("[[tool.modelspec.limits]]\nbudget.layers = 5\n", [("MS702", 2, "layers", ...)]),
    ("[[tool.modelspec.limits]]\nbudget.growth.macs = '5 %%'\n", [("MS702", 2, "macs", ...)]),
    ("[tool]\nmodelspec = 1\n", [("MS702", 2, "modelspec", "write [tool.modelspec]")]),
    ("[[tool.modelspec]]\n", [("MS702", 1, "modelspec", "write [tool.modelspec]")]),
    ("[modelspec]\nexclude = []\n", [("MS701", 1, "modelspec", "write [tool.modelspec]")]),
    ("[tool.modelspec]\nexclude = ['/abs']\n", [("MS702", 2, "exclude", ...)]),
    ("[tool.modelspec]\nexclude = ['a', '../b']\n", [("MS702", 2, "exclude", ...)]),
    ("[tool.modelspec]\nexclude = ['C:\\b']\n", [("MS702", 2, "exclude", ...)]),
    ("[tool.modelspec]\nexclude = ['']\n", [("MS702", 2, "exclude", ...)]),
    ("[tool.modelspec]\na = 1\nb = 2\n", [("MS701", 2, "a", KNOWN), ("MS701", 3, "b", KNOWN)]),
    ("[tool.modelspec]\nexclude = [\n", [("MS704", 3, "", "mend the TOML")]),
    ("[tool.modelspec]\nexclude = 'a' 'b'\n", [("MS704", 2, "'", "mend the TOML")]),
    ("[tool.modelspec]\nexclude = [" + "[" * 100_000, [("MS704", 1, "", ...)]),
    ("[tool.modelspec]\na = " + "1" * 5_000, [("MS704", 1, "", "mend the TOML")]),
    ("[tool.modelspec]\n" + "a." * 30_000 + "a = 1", [("MS704", 1, "", ...)]),
    ("[tool.modelspec]\n" + "'a' . " * 30_000 + "a = 1", [("MS704", 1, "", ...)]),
    (b"[tool.modelspec]\na = '\xff'", [("MS704", 1, "", "save it as UTF-8")]),
    ("[tool.modelspec]\n#" + "x" * MAX_BYTES, [("MS704", 1, "", ...)]),
    ("\ufeff[tool.modelspec]\r\nexclud = []\r\n", [("MS701", 2, "exclud", "did you mean 'exclude'?")]),
]


@pytest.mark.parametrize(("text", "expected"), FAULTS, ids=range(len(FAULTS)))
def test_what_is_wrong_is_told_where_it_stands(tmp_path, text, expected):
    with at_once(0.5):
        found = told(write(tmp_path, "pyproject.toml", text))
    assert [each[:3] for each in found] == [each[:3] for each in expected]
    assert all(each[3] for each in found)
    assert all(wanted[3] in (..., hint) for (*_, hint), wanted in zip(found, expected, strict=True))


def test_modelspec_toml_has_no_prefix_and_comes_first(tmp_path):
    write(tmp_path, "pyproject.toml", "[tool.modelspec]\nexclude = ['a']\n")
    configuration = write(tmp_path, "modelspec.toml", "exclude = ['b']\ninclude = ['**/*.yaml']\n")
    assert not configuration.findings
    assert [configuration.excludes(str(tmp_path / name)) for name in ("a", "b")] == [False, True]
    assert [configuration.includes(str(tmp_path / name)) for name in ("x/y.yaml", "x/y.yml")] == [True, False]
    hint = "in modelspec.toml the keys stand without [tool.modelspec]"
    assert told(write(tmp_path, "modelspec.toml", "[tool.modelspec]\nexclude = []\n")) == [("MS701", 1, "tool", hint)]


@pytest.mark.parametrize(
    "text",
    [
        "[tool.modelspec]\nexclude = []\n",
        "[ tool . 'modelspec' ]\n",
        '["tool".modelspec]\nexclude = []\n',
        "[tool]\nmodelspec.exclude = []\n",
        "[tool]  # ours\nmodelspec = {}\n",
        "tool = {ruff = {}, modelspec = {}}\n",
        "'tool'.modelspec.exclude = []\n",
        "[tool.modelspec.limits]\nparameters = 1\n",
        "  [[tool.modelspec]]\n",
    ],
)
def test_our_table_is_found_however_it_is_written(tmp_path, text):
    assert write(tmp_path, "pyproject.toml", text) is not None


@pytest.mark.parametrize(
    "text", ["[modelspec]\n", "['modelspec' . a]\n", "modelspec.exclude = []\n", "modelspec = {}\n"]
)
def test_our_table_in_the_wrong_place_is_told(tmp_path, text):
    assert [code for code, *_ in told(write(tmp_path, "pyproject.toml", text))] == ["MS701"]


@pytest.mark.parametrize("text", ["", "[project]\nname = 'modelspec'\n", "tool = 1 # modelspec\n"])
def test_a_pyproject_without_our_table_is_none_of_ours(tmp_path, text):
    assert write(tmp_path, "pyproject.toml", text) is None


def test_what_is_no_file_is_no_configuration(tmp_path):
    (tmp_path / "modelspec.toml").mkdir()
    (tmp_path / "pyproject.toml").symlink_to("nowhere")
    assert config.read(str(tmp_path)) is None
    (tmp_path / "modelspec.toml").rmdir()
    os.mkfifo(tmp_path / "modelspec.toml")
    assert config.read(str(tmp_path)) is None
    assert config.read(str(tmp_path / "not" / "there")) is None


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="wants a file that nobody can read")
def test_a_configuration_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "modelspec.toml").symlink_to("/proc/self/mem")
    ((document, finding),) = config.read(str(tmp_path)).findings
    assert finding.code == "MS704"
    assert finding.message.startswith("cannot be read: ")
    assert document.path.endswith("modelspec.toml")


@given(st.text(max_size=200) | st.text("tolmdespc.[]='\"{}, \n#\\uU0", max_size=60))
@example("[tool.modelspec]\n" + "a" * MAX_BYTES)
@example(("a." * (MAX_PARTS - 1) + "a=1\n") * (MAX_BYTES // 2 // MAX_PARTS))
def test_no_text_is_too_odd(text):
    configuration = reading.parse("/x/modelspec.toml", text.encode("utf-8", "surrogatepass"), whole=True)
    for document, finding in configuration.findings:
        assert document.place(finding.where).line >= 1


def test_limits_hold_for_the_files_that_their_globs_match(tmp_path):
    text = """
growth = { macs = "5%" }

[[limits]]
files = ["edge/**", "tiny.yaml"]
budget = { parameters = "5M", weight_bytes = { min = 1, max = "4 MiB" } }

[[limits]]
budget.layers."head.*" = { parameters = "40%", each = true }
"""
    configuration = write(tmp_path, "modelspec.toml", text)
    assert not configuration.findings
    demands = configuration.demand(str(tmp_path / "edge" / "deep" / "a.yaml"))
    growth, edge, every = demands.budgets
    assert growth.growth == {"macs": Share(5, 100)}
    assert edge.model == {"parameters": Limit(max=5_000_000), "weight_bytes": Limit(max=4 * 2**20, min=1)}
    assert every.layers == {"head.*": ({"parameters": Limit(shares=(("max", Share(40, 100)),))}, True)}
    assert {budget.home for budget in demands.budgets} == {demands.document.path}
    assert len(configuration.demand(str(tmp_path / "a.yaml")).budgets) == 2
    assert len(configuration.demand(str(tmp_path / "tiny.yaml")).budgets) == 3
    assert write(tmp_path, "modelspec.toml", "exclude = []\n").demand(str(tmp_path / "a.yaml")) is None
