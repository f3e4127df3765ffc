"""The plugin, as pytest runs it: each spec a test, in a process of its own."""

from __future__ import annotations

import re
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent
SPEC = "modelspec: 1\nname: m\ninput: [4]\nlayers: [{type: Linear, out_features: 3}]\nbudget: {parameters: LIMIT}\n"
FITS = SPEC.replace("LIMIT", "15")
OVER = SPEC.replace("LIMIT", "14")
FAMILY = (
    "modelspec: 1\nvariables: {width: 3}\ninput: [4]\nlayers: [{type: Linear, out_features: width}]\n"
    "budget: {parameters: 20}\nvariants:\n  small: {}\n  large: {variables: {width: 5}}\n"
)
LIBRARY = "modelspec: 1\nblocks: {body: {layers: [{type: Linear, out_features: 3}]}}\n"
LONG = (
    "modelspec: 1\nvariables: {seq: null}\ninput: [seq, 4]\nlayers: [{type: Linear, out_features: 3}]\n"
    "budget: {macs: 120}\n"
)
LOADED = """
    import sys
    def pytest_unconfigure():
        print("\\nloaded", *sorted(name for name in sys.modules if name.split(".")[0] == "modelspec"))
"""


class Runner:
    """A folder with specs, in which pytest is run."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.load = ["-p", "modelspec.pytest_plugin"]

    def write(self, **files: str) -> None:
        """Write YAML files; `__` in a name is a folder."""
        for name, text in files.items():
            path = self.pytester.path / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> pytest.RunResult:
        return self.pytester.runpytest_subprocess(*self.load, *arguments)

    def list_items(self, *arguments: str) -> list[str]:
        """The items that are collected."""
        lines = self.run("--collect-only", "-q", *arguments).outlines
        return [line for line in lines if "::" in line]


@pytest.fixture
def runner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # Other plugins take longer to load than all else here.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Runner(pytester)


@pytest.fixture
def crowded(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """With all plugins that are installed, ours by its entry point; an older installation is helped on."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    if any(point.value == "modelspec.pytest_plugin" for point in entry_points(group="pytest11")):
        runner.load = []
    return runner


def test_each_model_is_an_item(runner: Runner) -> None:
    runner.write(specs__fits=FITS, specs__family=FAMILY, specs__lib=LIBRARY, broken="modelspec: 1\nlayers: [\n")
    runner.write(compose="services: {}\n")
    runner.pytester.makepyfile(test_own="def test_own(): pass")
    assert runner.list_items() == ["test_own.py::test_own"]
    specs = ["specs/family.yaml::small", "specs/family.yaml::large", "specs/fits.yaml::m", "specs/lib.yaml::lib"]
    assert {*runner.list_items("--modelspec")} == {*specs, "broken.yaml::broken", "test_own.py::test_own"}
    runner.run("--modelspec").assert_outcomes(passed=4, failed=2)
    assert runner.list_items("--modelspec", "specs/family.yaml::large") == ["specs/family.yaml::large"]
    runner.run("--modelspec", "-k", "small or fits").assert_outcomes(passed=2, deselected=4)


def test_failure_is_what_check_prints(runner: Runner) -> None:
    runner.write(specs__over=OVER, specs__family=FAMILY)
    done = runner.run("--modelspec")
    done.assert_outcomes(passed=1, failed=2)
    assert done.ret == 1
    told = done.stdout.str()
    for spec, found in (("over", ":5:22: MS501 error: parameters: 15, 1 over the limit of 14"), ("family", ":5:")):
        checked = runner.pytester.run(sys.executable, "-m", "modelspec", "check", f"specs/{spec}.yaml")
        shown = "\n".join(checked.outlines[:-2])
        assert f"specs/{spec}.yaml{found}" in shown
        assert shown.split("\n  = in the variant")[0] in told
    assert "Traceback" not in told
    assert "FAILED specs/over.yaml::m - specs/over.yaml:5:22: MS501" in told


def test_place_of_an_item_is_its_file_and_line(runner: Runner) -> None:
    runner.write(family=FAMILY)
    done = runner.run("--modelspec", "--junit-xml=out.xml", "-o", "junit_family=xunit1")
    done.assert_outcomes(passed=1, failed=1)
    found = re.findall(r'name="(\w+)" file="([^"]+)" line="(\d+)"', (runner.pytester.path / "out.xml").read_text())
    assert found == [("small", "family.yaml", "6"), ("large", "family.yaml", "7")], "lines count from 0 there"


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["-n", "1"], ["-p", "no:cacheprovider"], ["-p", "no:terminal"]])
def test_runs_with_other_plugins_and_without(crowded: Runner, arguments: list[str]) -> None:
    crowded.write(fits=FITS, over=OVER, family=FAMILY)
    assert crowded.run("--modelspec", *arguments).ret == 1
    crowded.write(over=FITS, family=FAMILY.replace("20", "25"))
    assert crowded.run("--modelspec", *arguments).ret == 0


def test_configuration_says_which_specs_are_taken(runner: Runner) -> None:
    runner.write(configs__fits=FITS, configs__scratch__over=OVER, other=OVER)
    (runner.pytester.path / "modelspec.toml").write_text('include = ["configs/**"]\nexclude = ["configs/scratch/**"]\n')
    runner.pytester.makeini("[pytest]\nmodelspec = true\n")
    assert runner.list_items() == ["configs/fits.yaml::m"]
    assert runner.list_items("configs/scratch/over.yaml") == ["configs/scratch/over.yaml::m"], "it is named by hand"
    assert runner.list_items("--ignore=configs") == []
    runner.run("--ignore=configs/fits.yaml", "configs").assert_outcomes()


def test_fault_of_the_configuration_is_told_once(runner: Runner) -> None:
    runner.write(a=FITS, b=FITS)
    (runner.pytester.path / "modelspec.toml").write_text('inclde = ["a.yaml"]\n')
    done = runner.run("--modelspec")
    done.assert_outcomes(passed=2, failed=1)
    told = done.stdout.str().split("short test summary info")[0]  # which repeats it, whole where CI is set
    assert told.count("modelspec.toml:1:1: MS701 error: unknown key 'inclde'") == 1


def test_variables_are_set_by_the_configuration(runner: Runner) -> None:
    runner.write(long=LONG, fits=FITS)
    runner.run("--modelspec").assert_outcomes(passed=1, failed=1)
    runner.pytester.makeini("[pytest]\nmodelspec_set = seq=10\n")
    runner.run("--modelspec").assert_outcomes(passed=2)
    runner.run("--modelspec", "-o", "modelspec_set=seq=11").assert_outcomes(passed=1, failed=1)
    done = runner.run("--modelspec", "-o", "modelspec_set=seq")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert "modelspec_set: modelspec: --set wants NAME=VALUE" in done.stderr.str()
    assert runner.run("-o", "modelspec_set=seq").ret == pytest.ExitCode.NO_TESTS_COLLECTED, "it is not asked for"


def test_limits_of_the_configuration_hold(runner: Runner) -> None:
    runner.write(edge__fits=FITS, other=FITS)
    limits = '[[limits]]\nfiles = ["edge/**"]\nbudget = {parameters = 10}\n'
    (runner.pytester.path / "modelspec.toml").write_text(limits)
    done = runner.run("--modelspec")
    done.assert_outcomes(passed=1, failed=1)
    assert re.search(r"^FAILED edge/fits.yaml::m - ", done.stdout.str(), re.M)
    assert "MS501 error: parameters: 15, 5 over the limit of 10" in done.stdout.str()


def test_baseline_accepts_what_it_holds(runner: Runner) -> None:
    runner.write(over=OVER, family=FAMILY)
    assert runner.pytester.run(sys.executable, "-m", "modelspec", "baseline", ".", "-o", "known.json").ret == 0
    runner.run("--modelspec", "--modelspec-baseline=known.json").assert_outcomes(passed=3)
    runner.write(over=OVER.replace("3}", "4}"))
    done = runner.run("--modelspec", "--modelspec-baseline=known.json")
    done.assert_outcomes(passed=2, failed=1)
    assert "the baseline accepts 15: this is 5 more" in done.stdout.str()
    runner.write(over=FITS)
    runner.run("--modelspec", "--modelspec-baseline=known.json").assert_outcomes(passed=3, warnings=0)


@pytest.mark.parametrize(("text", "told"), [("{", "broken.json:1:2: "), (None, "cannot read 'broken.json'")])
def test_baseline_that_cannot_be_read_is_a_wrong_call(runner: Runner, text: str | None, told: str) -> None:
    runner.write(fits=FITS)
    if text is not None:
        (runner.pytester.path / "broken.json").write_text(text)
    done = runner.run("--modelspec", "--modelspec-baseline=broken.json")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert told in done.stderr.str()


def test_advice_is_a_warning(runner: Runner) -> None:
    runner.write(fits=FITS)
    runner.pytester.makeconftest("""
        from modelspec import road
        from modelspec.diagnostics import Finding, Where
        follow = road.follow
        def advise(*given, **further):
            outcome = follow(*given, **further)
            outcome.add([Finding("MS508", "less would do", Where(("budget",)), severity="warning")], None)
            return outcome
        road.follow = advise
    """)
    done = runner.run("--modelspec")
    done.assert_outcomes(passed=1, warnings=1)
    assert "ModelspecWarning: fits.yaml:5:9: MS508 warning: less would do" in done.stdout.str()
    runner.run("--modelspec", "-W", "error::modelspec.pytest_plugin.ModelspecWarning").assert_outcomes(failed=1)


def test_loads_nothing_unless_it_is_asked_to(runner: Runner) -> None:
    runner.write(fits=FITS)
    runner.pytester.makeconftest(LOADED)
    idle = runner.run("-s").outlines
    assert "loaded modelspec modelspec.pytest_plugin modelspec.version" in idle
    assert any("modelspec.road" in line for line in runner.run("-s", "--modelspec").outlines)
