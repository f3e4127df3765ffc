"""Each format held against its own schema or a real reader, for drawn reports and for all cases.

Where a reader takes what it reads for commands, formulas or markup, what a user wrote arrives in it as text.
"""

from __future__ import annotations

import csv as csv_reader
import io
import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft7Validator
from junitparser import Failure, JUnitXml

from modelspec.diagnostics import CODES
from modelspec.fingerprint import list_fingerprints, relate_path
from modelspec.json_schema import report_schema
from modelspec.render import csv, github, gitlab, jsonl, junit, sarif
from modelspec.render.cells import harmless
from modelspec.report import (
    BudgetLine,
    Comparison,
    Diagnostic,
    GrowthLine,
    LimitValues,
    Measure,
    Model,
    RelatedPlace,
    Report,
    Totals,
)
from modelspec.road import follow, write_report
from tests.drawn import METRICS, briefly, diagnostics, names, reports

HERE = Path(__file__).resolve().parent
FORMATS = HERE / "formats"
SARIF = Draft4Validator(json.loads((FORMATS / "sarif-2.1.0.schema.json").read_text(encoding="utf-8")))
GITLAB = Draft7Validator(json.loads((FORMATS / "gitlab-code-quality.schema.json").read_text(encoding="utf-8")))
JUNIT = xmlschema.XMLSchema(FORMATS / "jenkins-junit.xsd")


@pytest.fixture(scope="module")
def cases() -> list[Report]:
    """The report on each case, and one on all of them together."""
    paths = sorted(path for path in HERE.glob("cases/*/*") if path.suffix in (".yaml", ".json"))
    outcomes = [follow(path.read_bytes(), path.relative_to(HERE).as_posix()) for path in paths]
    assert len(outcomes) > 200
    return [*(write_report([outcome]) for outcome in outcomes), write_report(outcomes)]


def find(code: str = "MS304", message: str = "m", **changes: Any) -> Diagnostic:
    return Diagnostic(
        **{
            "code": code,
            "severity": "error",
            "message": message,
            "hint": None,
            "path": "a.yaml",
            "line": 3,
            "column": 5,
            "end_line": 3,
            "end_column": 7,
            "layer": None,
            "models": [],
            "related": [],
            **changes,
        }
    )


def report_on(*found: Diagnostic, models: list[Model] | None = None, **more: Any) -> Report:
    ok = not any(one.severity == "error" for one in found)
    return Report(ok=ok, models=models or [], diagnostics=list(found), **more)


def is_plain(text: str) -> bool:
    """Whether nothing is in it that a terminal, a log or a line reader takes for more than text."""
    text.encode()
    return all(char.isprintable() or char == "\n" for char in text)


# --- Fingerprints ----------------------------------------------------------------------------------------------------


@briefly
@given(reports(), st.integers(1, 50))
def test_fingerprints_stay_when_lines_move_and_are_distinct(report: Report, down: int) -> None:
    before = list_fingerprints(report.diagnostics)
    moved = [
        one.model_copy(update={"line": one.line + down, "end_line": one.end_line + down, "column": 1, "excerpt": ""})
        for one in report.diagnostics
    ]
    assert list_fingerprints(moved) == before
    twice = list_fingerprints([*report.diagnostics, *report.diagnostics])
    assert len(set(twice)) == 2 * len(before)


def test_fingerprints_know_a_finding_by_what_it_is_about() -> None:
    (base,) = list_fingerprints([find()])
    same = [
        find(path="./a.yaml"),
        find(hint="other"),
        find(end_column=9),
        find(related=[RelatedPlace(path="b", line=1, column=1, message="x")]),
    ]
    assert {known for one in same for known in list_fingerprints([one])} == {base}
    others = [find("MS305"), find(message="n"), find(path="b.yaml"), find(layer="fc1")]
    assert len({base, *(known for one in others for known in list_fingerprints([one]))}) == 5
    here, there = find(message="it begins in line 3, column 1"), find(message="it begins in line 9, column 14")
    assert list_fingerprints([here]) == list_fingerprints([there])


def test_fingerprints_of_budgets_go_by_the_limit_and_not_by_the_numbers() -> None:
    def over(actual: int, **changes: Any) -> Diagnostic:
        measure = Measure(**{"metric": "macs", "scope": None, "kind": "max", "actual": actual, **changes})
        return find("MS501", f"{actual:,} of 5", models=["m"], measure=measure)

    assert list_fingerprints([over(7)]) == list_fingerprints([over(8)])
    assert list_fingerprints([over(7)]) != list_fingerprints([over(7, scope="head.*")])
    assert list_fingerprints([over(7)]) != list_fingerprints([over(7, kind="growth")])


@pytest.mark.parametrize(
    ("path", "told"), [("./a/b.yaml", "a/b.yaml"), ("a//b", "a/b"), ("../x", "../x"), ("/a", "/a"), ("", "")]
)
def test_paths_are_as_forges_write_them(path: str, told: str) -> None:
    assert relate_path(path) == told


# --- JSON Lines ------------------------------------------------------------------------------------------------------

DEFINITIONS = report_schema()
KINDS = {"model": "Model", "diagnostic": "Diagnostic", "comparison": "Comparison"}
LINES = {
    kind: Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": DEFINITIONS["definitions"]})
    for kind, name in KINDS.items()
}


def check_lines(report: Report) -> None:
    shown = jsonl.show_report(report)
    assert is_plain(shown)
    lines = [json.loads(line) for line in shown.splitlines()]
    last = lines.pop()
    kinds = [line.pop("kind") for line in lines]
    compared = report.comparisons or []
    expected = [("model", len(report.models)), ("diagnostic", len(report.diagnostics)), ("comparison", len(compared))]
    assert kinds == [kind for kind, count in expected for _ in range(count)]
    for kind, line in zip(kinds, lines, strict=True):
        LINES[kind].validate(line)
    errors = [one for one in report.diagnostics if one.severity == "error"]
    assert last["kind"] == "summary"
    assert (last["ok"], last["models"]) == (report.ok, len(report.models))
    assert (last["errors"], last["errors"] + last["warnings"]) == (len(errors), len(report.diagnostics))
    assert (last["against"] is None) == (report.against is None)


@briefly
@given(reports())
def test_json_lines_are_of_the_reports_schema(report: Report) -> None:
    check_lines(report)


def test_json_lines_of_the_cases(cases: list[Report]) -> None:
    for report in cases:
        check_lines(report)
        lines = [json.loads(line) for line in jsonl.show_report(report).splitlines()]
        models = [{**line, "kind": None} for line in lines if line["kind"] == "model"]
        assert models == [{**json.loads(model.model_dump_json()), "kind": None} for model in report.models]


def test_json_lines_hold_what_json_cannot() -> None:
    change = {"metric": "macs", "old": 0, "new": 1, "difference": 1, "percent": float("inf")}
    told = Comparison(
        path="a\ud800\u2028", old_path=None, name="n", variant=None, status="changed", reason=None, ok=True,
        metrics=[change], layers=[], growth=[],
    )  # fmt: skip
    line = json.loads(jsonl.show_report(report_on(comparisons=[told])).splitlines()[0])
    assert (line["path"], line["metrics"][0]["percent"]) == ("a\ufffd\u2028", None)


# --- GitHub ----------------------------------------------------------------------------------------------------------


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    data: str


def unescape(text: str, tokens: dict[str, str]) -> str:
    for escaped, token in tokens.items():
        text = text.replace(escaped, token)
    return text


def read_command(line: str) -> Command | None:
    """What the runner makes of a line of output (`ActionCommand.TryParseV2`)."""
    line = line.lstrip()
    if not line.startswith("::"):
        return None
    head, found, data = line[2:].partition("::")
    if not found:
        return None
    name, _, told = head.partition(" ")
    tokens = {"%0D": "\r", "%0A": "\n"}
    properties = {}
    for pair in told.strip().split(","):
        key, _, value = pair.partition("=")
        if key and value:
            properties[key] = unescape(value, {**tokens, "%3A": ":", "%2C": ",", "%25": "%"})
    return Command(name, properties, unescape(data, {**tokens, "%25": "%"}))


def check_commands(report: Report) -> list[Command]:
    shown = github.show_report(report)
    assert is_plain(shown)
    commands = []
    for line in shown.splitlines():
        command = read_command(line)
        assert command is not None, line
        commands.append(command)
    told = {(one.severity, relate_path(harmless(one.path)), harmless(one.message)) for one in report.diagnostics}
    for command in commands:
        if command.name != "notice":
            assert (command.name, command.properties["file"], command.data.split("\n")[0]) in told
            assert set(command.properties) >= {"file", "line", "endLine", "title"}
            assert int(command.properties["endLine"]) >= int(command.properties["line"])
    for kind in ("error", "warning"):
        there = sum(one.severity == kind for one in report.diagnostics)
        assert sum(command.name == kind for command in commands) == min(there, 10)
    return commands


@briefly
@given(reports())
def test_the_runner_reads_each_annotation_and_no_other_command(report: Report) -> None:
    check_commands(report)


def test_annotations_of_the_cases(cases: list[Report]) -> None:
    for report in cases:
        check_commands(report)
    *_, notice = check_commands(cases[-1])
    errors = sum(one.severity == "error" for one in cases[-1].diagnostics)
    assert notice == ("notice", {}, f"{errors - 10:,} more errors: the step summary tells all.")


def test_an_annotation_to_the_letter() -> None:
    one = find(message="50 % of a, b: c", hint="do\tthis", path="./a,b:c/100%.yaml", variants=["small"])
    expected = (
        "::error file=a%2Cb%3Ac/100%25.yaml,line=3,endLine=3,col=5,endColumn=7,title=MS304"
        "::50 %25 of a, b: c%0Ahint: do\\tthis%0Ain small\n"
    )
    assert github.show_report(report_on(one)) == expected


def test_what_is_worst_comes_first() -> None:
    limits = {"macs": 10, "parameters": 10, "buffers": 0}
    budget = [
        BudgetLine(metric=name, scope=None, limit=LimitValues(max=most), actual=99, ok=False)
        for name, most in limits.items()
    ]
    model = Model(
        path="a.yaml", name="m", variant=None, dialect="torch", ok=False, conventions=[], inputs={}, layers=[],
        totals=Totals(**dict.fromkeys(METRICS)), budget=budget,
    )  # fmt: skip
    grown = GrowthLine(metric="flops", limit="1", allowed=1, growth=4, ok=False)
    compared = Comparison(
        path="a.yaml", old_path="a.yaml", name="m", variant=None, status="changed", reason=None, ok=False,
        metrics=[], layers=[], growth=[grown],
    )  # fmt: skip

    def over(metric: str, actual: int | None, kind: str = "max") -> Diagnostic:
        measure = Measure(metric=metric, scope=None, kind=kind, actual=actual)
        return find("MS501", metric, models=["m"], measure=measure)

    found = [
        over("weight_bytes", None),
        over("parameters", 20),
        over("macs", 50),
        over("flops", 4, "growth"),
        over("buffers", 1),
        find(severity="warning", message="advice"),
        find(message="invalid"),
        find(message="invalid, too"),
    ]
    report = report_on(*found, models=[model], comparisons=[compared])
    told = [command.data for command in check_commands(report)]
    assert told == ["invalid", "invalid, too", "buffers", "macs", "flops", "parameters", "weight_bytes", "advice"]


@briefly
@given(reports())
def test_nothing_is_markup_in_the_summary(report: Report) -> None:
    shown = github.show_summary(report.model_copy(update={"comparisons": None, "against": None}))
    assert is_plain(shown)
    if report.diagnostics:
        fence = next(line for line in shown.splitlines() if line.startswith("```")).removesuffix("text")
        head, _, rest = shown.partition(f"\n{fence}text\n")
        block, _, tail = rest.partition(f"\n{fence}\n")
        assert fence not in block
        shown = head + tail
    bare = re.sub(r"`[^`\n]*`", "", shown)
    bare = re.sub(r"</?(code|details|summary)>|&#\d+;", "", bare)
    bare = bare.replace("**not met**", "").replace("**not known**", "")
    assert not set(bare) & set("`<>*@[]\\~$"), bare


def test_the_summary_says_the_verdict_first(cases: list[Report]) -> None:
    for report in cases:
        shown = github.show_summary(report)
        assert shown.startswith("## ✅ modelspec: " if report.ok else "## ❌ modelspec: ")
        for one in report.diagnostics:
            assert harmless(one.message) in shown
        rows = [line for line in shown.splitlines() if re.match(r"\| [✅❌] \| <code>", line)]
        assert len(rows) == len(report.models)


@pytest.mark.parametrize("count", [2_000, 30_000])
def test_the_summary_fits(count: int) -> None:
    found = [find(message="層" * 20, excerpt="x" * 80) for _ in range(count)]
    shown = github.show_summary(report_on(*found))
    assert len(shown.encode()) <= 1024 * 1024
    assert shown.count("\n```") == 2, "the fence is closed"
    assert ("The rest is left out" in shown) == (count > 2_000)
    whole, _ = shown.split("The rest is left out") if count > 2_000 else (shown, "")
    assert len(whole.encode()) > min(count * 100, 1000 * 1000), "as much as fits"


def test_what_is_folded_in_the_summary_is_left_out_whole(cases: list[Report]) -> None:
    models = [model for report in cases for model in report.models] * 5
    shown = github.show_summary(report_on(models=models))
    assert len(shown.encode()) <= 1024 * 1024
    assert shown.count("<details>") == shown.count("</details>") < len(models)
    assert "The rest is left out" in shown


# --- GitLab ----------------------------------------------------------------------------------------------------------


def check_code_quality(report: Report) -> None:
    shown = gitlab.show_report(report)
    assert is_plain(shown)
    found = json.loads(shown)
    GITLAB.validate(found)
    assert len({one["fingerprint"] for one in found}) == len(found) == len(report.diagnostics)
    for told, one in zip(found, report.diagnostics, strict=True):
        assert told["description"].startswith(harmless(one.message))
        assert told["location"]["lines"]["begin"] == one.line


@briefly
@given(reports())
def test_code_quality_is_as_gitlab_documents_it(report: Report) -> None:
    check_code_quality(report)


def test_code_quality_of_the_cases(cases: list[Report]) -> None:
    for report in cases:
        check_code_quality(report)


# --- JUnit -----------------------------------------------------------------------------------------------------------


def check_junit(report: Report) -> None:
    shown = junit.show_report(report)
    assert is_plain(shown)
    JUNIT.validate(ElementTree.ElementTree(ElementTree.fromstring(shown.encode())))
    read = JUnitXml.fromstring(shown.encode())
    cases = [case for suite in read for case in suite]
    assert read.tests == len(cases)
    assert read.failures == sum(isinstance(result, Failure) for case in cases for result in case.result)
    assert [suite.name for suite in read] == [harmless(relate_path(path)) for path in list_paths(report)]
    told = "\n".join(
        [result.text for case in cases for result in case.result] + [case.system_out or "" for case in cases]
    )
    for one in report.diagnostics:
        assert f"{one.code} {one.severity}: {harmless(one.message)}" in told
    assert bool(read.failures) == (not report.ok)
    assert all(len(case.result) <= 1 for case in cases), "readers show one failure"


def list_failed(report: Report) -> list[tuple[str, str]]:
    read = JUnitXml.fromstring(junit.show_report(report).encode())
    return [(case.classname, case.name) for suite in read for case in suite if case.result]


def list_paths(report: Report) -> list[str]:
    return list(dict.fromkeys([one.path for one in report.models] + [one.path for one in report.diagnostics]))


@briefly
@given(reports())
def test_junit_is_read_by_its_readers(report: Report) -> None:
    check_junit(report)


def test_junit_of_the_cases(cases: list[Report]) -> None:
    for report in cases:
        check_junit(report)
        failed = [
            case.name
            for suite in JUnitXml.fromstring(junit.show_report(report).encode())
            for case in suite
            if case.result
        ]
        for model in report.models:
            name = model.name if model.variant is None else f"{model.name}/{model.variant}"
            assert model.ok or name in failed


def test_a_finding_fails_the_models_that_it_is_about(cases: list[Report]) -> None:
    (wide, base) = [model for report in cases[:-1] for model in report.models if model.path.endswith("/variants.yaml")]
    name = f"{base.name}/{base.variant}"
    bad = base.model_copy(update={"ok": False})
    assert list_failed(report_on(find(path=base.path, models=[name]), models=[wide, bad])) == [(base.path, name)]
    everything = report_on(find(path=base.path), models=[wide.model_copy(update={"ok": False}), bad])
    assert len(list_failed(everything)) == 2
    advice = report_on(find(path=base.path, severity="warning"), find(path="b.toml"), models=[wide, base])
    assert list_failed(advice) == [("b.toml", "b.toml")]


def test_what_an_imported_file_has_fails_both(cases: list[Report]) -> None:
    (model,) = [model for report in cases[:-1] for model in report.models if model.path.endswith("pass/rows.yaml")]
    one = find(path="library.yaml", models=[model.name])
    shown = junit.show_report(report_on(one, models=[model.model_copy(update={"ok": False})]))
    failed = [
        (case.classname, case.name) for suite in JUnitXml.fromstring(shown.encode()) for case in suite if case.result
    ]
    assert failed == [(model.path, model.name), ("library.yaml", "library.yaml")]


# --- SARIF -----------------------------------------------------------------------------------------------------------


def check_sarif(report: Report) -> None:
    shown = sarif.show_report(report)
    assert is_plain(shown)
    log = json.loads(shown)
    errors = [f"{error.json_path}: {error.message[:200]}" for error in SARIF.iter_errors(log)]
    assert not errors
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} == {one.code for one in report.diagnostics}
    assert len(run["results"]) == len(report.diagnostics)
    for result, one in zip(run["results"], report.diagnostics, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == one.code
        assert result["level"] == one.severity
        assert "](" not in result["message"]["text"]
        (place,) = [location["physicalLocation"] for location in result["locations"]]
        region = place["region"]
        assert (region["startLine"], region["startColumn"]) == (one.line, one.column)
        assert (region["endLine"], region["endColumn"]) >= (one.line, one.column)
        check_file(place["artifactLocation"], one.path)


def check_file(told: dict[str, str], path: str) -> None:
    """The address leads to the file, and to nothing else."""
    parts = urlsplit(told["uri"])
    assert re.fullmatch(r"[\w.~/%-]*", parts.path, re.ASCII)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("file" if path[:1] == "/" else "", "", "", "")
    assert unquote(parts.path) == relate_path(harmless(path))
    assert ("uriBaseId" in told) == (path[:1] != "/")


@briefly
@given(reports())
def test_sarif_is_of_its_schema(report: Report) -> None:
    check_sarif(report)


def test_sarif_of_the_cases(cases: list[Report]) -> None:
    for report in cases:
        check_sarif(report)


def test_every_code_is_a_rule_with_its_help() -> None:
    shown = json.loads(sarif.show_report(report_on(*(find(code) for code in CODES))))
    rules = shown["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CODES)
    for rule in rules:
        assert rule["shortDescription"]["text"] == CODES[rule["id"]]
        assert rule["help"]["markdown"].startswith(f"# {rule['id']}: ")
        assert len(rule["fullDescription"]["text"]) > 20


# --- CSV -------------------------------------------------------------------------------------------------------------


def check_table(report: Report) -> None:
    shown = csv.show_report(report)
    assert is_plain(shown.replace("\r\n", "\n"))
    header, *rows = csv_reader.reader(io.StringIO(shown, newline=""), strict=True)
    assert all(len(row) == len(header) for row in rows)
    assert not [cell for row in rows for cell in row if re.match(r"[=+\-@\t\r＝＋－＠]", cell)]
    read = iter(dict(zip(header, row, strict=True)) for row in rows)
    for model in report.models:
        for layer in model.layers:
            row = next(read)
            assert (row["row"], int(row["repeat"])) == ("layer", layer.repeat)
            assert row["layer"].removeprefix("'") == harmless(layer.path).removeprefix("'")
            check_counts(row, layer)
        row = next(read)
        assert (row["row"], row["layer"]) == ("total", "")
        assert row["model"].removeprefix("'") == harmless(model.name).removeprefix("'")
        check_counts(row, model.totals)
    assert next(read, None) is None


def check_counts(row: dict[str, str], of: Any) -> None:
    for metric in METRICS:
        count = getattr(of, metric, None)
        assert row[metric] == ("" if count is None else str(count))


@briefly
@given(reports())
def test_a_table_is_read_back(report: Report) -> None:
    check_table(report)


def test_tables_of_the_cases(cases: list[Report]) -> None:
    for report in cases:
        check_table(report)


# --- All -------------------------------------------------------------------------------------------------------------


@briefly
@given(diagnostics(), names)
def test_a_finding_alone_is_told_by_each(one: Diagnostic, layer: str) -> None:
    report = report_on(one.model_copy(update={"layer": layer}))
    for check in (check_lines, check_commands, check_code_quality, check_junit, check_sarif, check_table):
        check(report)


@pytest.mark.parametrize("render", [jsonl, github, gitlab, junit, sarif, csv], ids=lambda module: module.__name__)
def test_a_report_without_anything_is_well(render: Any) -> None:
    assert is_plain(render.show_report(report_on()).replace("\r\n", "\n"))
