"""Each spec as a test item of pytest: `pytest --modelspec`, or `modelspec = true` in pytest's configuration.

pytest loads this module wherever modelspec is installed, so that it imports nothing more until it is asked for items.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from modelspec.baseline import Baseline
    from modelspec.files import Found
    from modelspec.report import Report
    from modelspec.road import Choice

__all__ = ["ModelspecWarning"]

_FOUND: pytest.StashKey[Found] = pytest.StashKey()
"""The configurations that were read so far."""
_BASELINE: pytest.StashKey[Baseline | None] = pytest.StashKey()


class ModelspecWarning(pytest.PytestWarning):
    """Advice on a spec, which `check` does not fail on either; `-W error::…` makes it fail."""


class _SpecFailed(Exception):
    def __init__(self, report: Report) -> None:
        super().__init__(report.diagnostics[0].message)
        self.report = report


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--modelspec`, and the settings of pytest's configuration."""
    group = parser.getgroup("modelspec", "specs of models (modelspec)")
    group.addoption("--modelspec", action="store_true", default=None, help="Collect specs: each model is a test.")
    told = "What `modelspec baseline` wrote to this file passes."
    group.addoption("--modelspec-baseline", metavar="FILE", default=None, help=told)
    parser.addini("modelspec", "Collect specs, as --modelspec does.", type="bool", default=False)
    parser.addini("modelspec_set", "Variables to set in specs, each as NAME=VALUE.", type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Refuse settings and a baseline that cannot be read before anything is collected."""
    if _is_enabled(config):
        _choose(config, None)
        config.stash[_BASELINE] = _load_baseline(config.getoption("--modelspec-baseline"))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a file that carries the mark of a spec, if it is one that a folder search takes or is named by hand."""
    config = parent.config
    if not _is_enabled(config):
        return None
    from modelspec.files import ENDINGS, Found
    from modelspec.source import is_marked

    if not file_path.name.lower().endswith(ENDINGS) or not is_marked(_read(file_path)):
        return None
    found = config.stash.setdefault(_FOUND, Found())
    known = len(found.findings)
    configuration = found.configuration(str(file_path.parent))
    path = str(file_path)
    taken = configuration.includes(path) and not configuration.excludes(path)
    if not taken and not parent.session.isinitpath(file_path):
        return None
    file: _SpecFile = _SpecFile.from_parent(parent, path=file_path)
    # What is wrong with a configuration is told once, by the first file that it holds for.
    file.faulty = len(found.findings) > known
    return file


def _is_enabled(config: pytest.Config) -> bool:
    return bool(config.getoption("--modelspec") or config.getini("modelspec"))


def _read(path: Path) -> bytes:
    """What a file holds, up to the bound on specs; nothing of one that cannot be read, which then is no spec."""
    from modelspec.source import MAX_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return b""


class _SpecFile(pytest.File):
    """A spec: an item for each of its models; a library of blocks is one item."""

    faulty = False

    def collect(self) -> Iterator[pytest.Item]:
        if self.faulty:
            yield _ConfigurationItem.from_parent(self, name="configuration")
        from modelspec import source
        from modelspec.diagnostics import Where

        document = source.read(_read(self.path), str(self.path))
        tree = document.tree if document.readable and isinstance(document.tree, dict) else {}
        variants = tree.get("variants")
        if isinstance(variants, dict) and variants:
            for variant in variants:
                item = _SpecItem.from_parent(self, name=_show(variant), variant=variant)
                item.line = document.place(Where(("variants", variant), "key")).line
                yield item
            return
        name = tree.get("name")
        item = _SpecItem.from_parent(self, name=_show(name) if isinstance(name, str) and name else self.path.stem)
        item.line = document.place(Where(("name",), "key")).line if name else 1
        yield item


class _Item(pytest.Item):
    line = 1

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        return self.path, self.line - 1, self.nodeid

    def judge(self, report: Report) -> None:
        """Fail for what is wrong, and warn of the rest."""
        if not report.ok:
            raise _SpecFailed(report)
        for told in report.diagnostics:
            place = f"{told.path}:{told.line}:{told.column}"
            self.warn(ModelspecWarning(f"{place}: {told.code} {told.severity}: {told.message}"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        if not isinstance(excinfo.value, _SpecFailed):
            return super().repr_failure(excinfo, *args, **kwargs)
        from modelspec.render.findings import show_findings

        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        return show_findings(excinfo.value.report, color=reporter is not None and reporter.hasmarkup)


class _SpecItem(_Item):
    """A model: a spec as it stands, or one of its variants."""

    def __init__(self, *, variant: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.variant = variant

    def runtest(self) -> None:
        from modelspec import road

        path = _shorten(self.path)
        configuration = self.config.stash[_FOUND].configuration(str(self.path.parent))
        demands, advice = configuration.demand(str(self.path)), configuration.select_advice(str(self.path))
        outcome = road.follow(_read(self.path), path, _choose(self.config, self.variant), demands, advice=advice)
        report = road.write_report([outcome], models=False)
        baseline = self.config.stash[_BASELINE]
        if baseline is not None:
            from modelspec.baseline import apply

            report = apply(baseline, report, [path], variant=self.variant)
            # How the baseline could be tightened, no single model can tell.
            kept = [told for told in report.diagnostics if told.code != "MS509"]
            report = report.model_copy(update={"diagnostics": kept})
        self.judge(report)


class _ConfigurationItem(_Item):
    """A configuration in which something is wrong."""

    def runtest(self) -> None:
        from modelspec import road
        from modelspec.files import Found

        found = Found()
        found.configuration(str(self.path.parent))
        self.judge(road.write_report([], found.findings, models=False))


def _choose(config: pytest.Config, variant: str | None) -> Choice:
    import contextlib
    import io

    from modelspec.cli.choice import choose

    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        choice = choose(variant, config.getini("modelspec_set"))
    if choice is None:
        raise pytest.UsageError(f"modelspec_set: {told.getvalue().strip()}")
    return choice


def _load_baseline(path: str | None) -> Baseline | None:
    if path is None:
        return None
    from modelspec.baseline import read

    try:
        with open(path, "rb") as file:
            baseline = read(file.read(), path)
    except OSError as error:
        raise pytest.UsageError(f"--modelspec-baseline: cannot read '{path}': {error.strerror}") from None
    for finding in baseline.findings:
        place = baseline.document.place(finding.where)
        raise pytest.UsageError(f"{path}:{place.line}:{place.column}: {finding.code} error: {finding.message}")
    return baseline


def _shorten(path: Path) -> str:
    """The path as `check` shows it, from the folder that holds while the test runs."""
    try:
        return os.path.relpath(path)
    except ValueError:  # on another drive
        return str(path)


def _show(name: Any) -> str:
    """A name that can stand in a line."""
    from modelspec.config import show_path

    return show_path(str(name))
