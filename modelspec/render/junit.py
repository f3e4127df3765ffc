"""The report as JUnit's XML, as Jenkins and GitLab read it: a suite per file, a test case per model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from modelspec.fingerprint import relate_path
from modelspec.render.cells import harmless
from modelspec.render.findings import show_findings
from modelspec.render.numbers import show_count
from modelspec.report import Diagnostic, Model, Report

__all__ = ["show_report"]

_TOTALS = ("parameters", "macs", "weight_bytes", "peak_activation_bytes")


def show_report(report: Report) -> str:
    """Each model as a test that fails if anything is wrong with it, and so each file that has findings and no model.

    A test has one failure that tells all its errors: readers show no second one. Its warnings and totals are its
    output. Nothing is timed: all times are 0.
    """
    suites = [(path, list(cases)) for path, cases in _list_suites(report)]
    tests = sum(len(cases) for _, cases in suites)
    failures = sum(failed for _, cases in suites for _, failed in cases)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuites name="modelspec" tests="{tests}" failures="{failures}" errors="0" time="0">')
    for path, cases in suites:
        failed = sum(failure for _, failure in cases)
        name, counts = _attribute(relate_path(path)), f'tests="{len(cases)}" failures="{failed}"'
        lines.append(f'  <testsuite name={name} {counts} errors="0" skipped="0" time="0">')
        lines += [text for text, _ in cases]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _list_suites(report: Report) -> Iterator[tuple[str, Iterator[tuple[str, bool]]]]:
    """The files with their test cases, each as XML and with whether it fails."""
    models: dict[str, list[Model]] = {}
    found: dict[str, list[Diagnostic]] = {}
    named: dict[str, list[Diagnostic]] = {}
    for model in report.models:
        models.setdefault(model.path, []).append(model)
    for diagnostic in report.diagnostics:
        found.setdefault(diagnostic.path, []).append(diagnostic)
        for name in diagnostic.models:
            named.setdefault(name, []).append(diagnostic)
    for path in dict.fromkeys([*models, *found]):
        yield path, _list_cases(path, models.get(path, []), found.get(path, []), named)


def _list_cases(
    path: str, models: Sequence[Model], found: Sequence[Diagnostic], named: Mapping[str, Sequence[Diagnostic]]
) -> Iterator[tuple[str, bool]]:
    """A case for each model; one for the file with the findings that are about none of them.

    What is wrong in an imported file is a failure of the model and of that file, where it has to be mended.
    """
    told: set[int] = set()
    for model in models:
        name = model.name if model.variant is None else f"{model.name}/{model.variant}"
        own = [one for one in found if not one.models or name in one.models]
        told.update(map(id, own))
        imported = [] if model.ok else [one for one in named.get(name, ()) if one.path != path]
        totals = [f"{metric} {show_count(getattr(model.totals, metric))}" for metric in _TOTALS]
        yield _show_case(path, name, [*own, *imported], totals)
    left = [one for one in found if id(one) not in told]
    if left:
        yield _show_case(path, path, left, [])


def _show_case(path: str, name: str, found: Sequence[Diagnostic], output: list[str]) -> tuple[str, bool]:
    errors = [one for one in found if one.severity == "error"]
    warnings = [one for one in found if one.severity == "warning"]
    classname = _attribute(relate_path(path))
    lines = [f'    <testcase classname={classname} name={_attribute(name)} time="0">']
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        message = _attribute(f"{errors[0].code}: {errors[0].message}{more}")
        lines.append(f'      <failure type="{errors[0].code}" message={message}>{_text(errors)}</failure>')
    if warnings or output:
        text = "\n\n".join(filter(None, (escape("\n".join(output)), _text(warnings))))
        lines.append(f"      <system-out>{text}</system-out>")
    return "\n".join([*lines, "    </testcase>"]), bool(errors)


def _text(found: Sequence[Diagnostic]) -> str:
    return escape(show_findings(Report(ok=False, models=[], diagnostics=list(found))).rstrip("\n")) if found else ""


def _attribute(text: str) -> str:
    return quoteattr(harmless(text))
