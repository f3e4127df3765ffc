"""Advice: what each rule finds and is silent on, how it is selected, and how it is ignored."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import modelspec
from modelspec.__main__ import run
from modelspec.advice import DEFAULT, RULES, Selection
from modelspec.advice.facts import list_parts
from modelspec.advice.index import Entry
from modelspec.advice.remarks import list_remarks
from modelspec.advice.running import load
from modelspec.advice.view import View
from modelspec.diagnostics import CODES, Edit, Finding, Place
from modelspec.road import Choice, Outcome, describe_part, follow
from modelspec.source import read
from tests.pace import at_once

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile("«([^»]*)»")
ALL = Selection(("MS6",))
VALID = [(code, number) for code in RULES for number in range(len(load(code).VALID))]
INVALID = [(code, number) for code in RULES for number in range(len(load(code).INVALID))]
LIBRARY = b"modelspec: 1\nblocks:\n  one: {layers: [ReLU]}\n  two: {layers: [Tanh]}\n"


def advise(text: str, *codes: str) -> list[tuple[str, Place]]:
    """What of this advice there is about a spec: the code and the place of each."""
    part = describe_part(follow(text.encode(), "spec.yaml", advice=Selection(codes)))
    return [(told.code, Place(told.line, told.column, told.end_line, told.end_column)) for told in part.diagnostics]


def find_mark(text: str) -> tuple[str, Place]:
    """The text without its mark, and where the mark is."""
    match = MARK.search(text)
    assert match is not None
    bare = text[: match.start()] + match[1] + text[match.end() :]
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    assert "«" not in bare
    return bare, Place(line, column, line, column + len(match[1]))


# The rules


@pytest.mark.parametrize(("code", "number"), VALID)
def test_a_rule_is_silent_on_what_is_valid(code: str, number: int) -> None:
    assert advise(load(code).VALID[number], *DEFAULT, code) == []


@pytest.mark.parametrize(("code", "number"), INVALID)
def test_a_rule_finds_what_is_invalid_once_and_there(code: str, number: int) -> None:
    text, place = find_mark(load(code).INVALID[number])
    # A comment that ignores nothing can be told only beside what it would ignore.
    asked = ("MS6",) if code == "MS614" else (code,)
    assert advise(text, *asked) == [(code, place)]


@pytest.mark.parametrize("code", RULES)
def test_a_rule_says_what_it_is(code: str) -> None:
    rule = load(code)
    assert rule.code == code
    assert len((type(rule).__doc__ or "").splitlines()) > 2
    # That of imports takes two files: see below.
    assert code == "MS607" or (rule.VALID and rule.INVALID)


def test_advice_has_the_codes_of_its_range() -> None:
    assert [*RULES] == [code for code in CODES if code.startswith("MS6")]
    modules = {path.stem for path in (ROOT / "modelspec" / "advice").glob("*.py")}
    assert {entry.module for entry in RULES.values()} <= modules


@pytest.mark.parametrize("code", RULES)
def test_no_rule_is_loaded_where_it_finds_nothing_and_every_one_where_it_does(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the index asks of a document leaves nothing out: without asking, the same is found."""
    texts = [find_mark(text)[0] for each in RULES for text in load(each).INVALID]
    texts += [text for each in RULES for text in load(each).VALID]
    asked = [advise(text, code) for text in texts]
    entry = RULES[code]
    always = Entry(entry.name, entry.module, lambda _: code != "MS614", by_default=entry.by_default)
    monkeypatch.setitem(RULES, code, always)
    assert [advise(text, code) for text in texts] == asked


def test_an_import_of_which_nothing_is_used(tmp_path: Path) -> None:
    (tmp_path / "library.yaml").write_bytes(LIBRARY)
    (tmp_path / "other.yaml").write_bytes(LIBRARY.replace(b"one", b"three").replace(b"two", b"four"))
    head = "modelspec: 1\nimports: [library.yaml, ./other.yaml]\ninput: [8]\nblocks: {own: {layers: [{block: four}]}}\n"
    for layers, unused in [
        ("[{block: one}, {block: own}]", []),
        ("[{block: two}, {block: three}, {block: own}]", []),
        ("[{block: own}]", [("imports", 0)]),
        ("[{type: Residual, layers: [{block: one}, {block: own}]}]", []),
    ]:
        outcome = follow((head + f"layers: {layers}\n").encode(), str(tmp_path / "spec.yaml"), advice=ALL)
        assert [finding.where.route for finding in outcome.findings] == unused
        assert [finding.fix for finding in outcome.findings] == [(Edit("remove", route),) for route in unused]


def test_rounds_that_are_the_same_cost_what_one_costs() -> None:
    text = (ROOT / "tests" / "cases" / "advice" / "repeated.yaml").read_bytes()
    with at_once(1):
        outcome = follow(text, "repeated.yaml", advice=ALL)
    assert [finding.code for finding in outcome.findings] == ["MS602", "MS602"]


def test_what_is_found_is_bounded() -> None:
    layers = "".join(f"  - {{type: Linear, out_features: {8 + number}}}\n" for number in range(3_000))
    with at_once(2):
        outcome = follow(f"modelspec: 1\ninput: [8]\nlayers:\n{layers}".encode(), "long.yaml", advice=ALL)
    assert 20 <= len(outcome.findings) <= 1_000


def test_of_a_broken_spec_there_is_no_advice() -> None:
    """It would be about something else than what the author means."""
    text = find_mark(load("MS601").INVALID[0])[0]
    for broken in ("unknown: 1\n", "budget: {layers: {nothing.*: {macs: 1}}}\n"):
        codes = {finding.code for finding in follow((text + broken).encode(), "a.yaml", advice=ALL).findings}
        assert ("MS601" in codes) == ("budget" in broken)
    wrong = text + "  - {type: Linear, in_features: 5, out_features: 3}\n"
    assert {finding.code for finding in follow(wrong.encode(), "a.yaml", advice=ALL).findings} == {"MS304"}


@pytest.mark.parametrize("path", sorted((ROOT / "specs").rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_bundled_specs_take_the_advice_or_say_why_not(path: Path) -> None:
    assert modelspec.check(path).diagnostics == []


def test_the_page_has_every_rule() -> None:
    page = (ROOT / "docs" / "advice.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (MS6\d+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(code, CODES[code], "always" if code in DEFAULT else "if asked for") for code in RULES]


# Their mends


def list_fixes(text: str) -> Iterator[tuple[Finding, Edit]]:
    outcome = follow(text.encode(), "spec.yaml", advice=ALL)
    yield from [(finding, edit) for finding in outcome.findings for edit in finding.fix]


def change(tree: Any, edit: Edit) -> None:
    """Make an edit in a tree."""
    *way, last = edit.route
    for number, step in enumerate(way):
        if isinstance(tree[step], str):
            assert number == len(way) - 1, "only a bare type name becomes a mapping"
            tree[step] = {"type": tree[step]}
        tree = tree[step]
    if edit.action == "set":
        tree[last] = edit.value
    else:
        assert edit.action == "remove"
        del tree[last]


def test_a_mend_mends_what_it_is_given_for() -> None:
    mended = set()
    for code in RULES:
        for marked in load(code).INVALID:
            text, _ = find_mark(marked)
            for finding, edit in list_fixes(text):
                tree = read(text.encode(), "spec.yaml").tree
                change(tree, edit)
                report = modelspec.check(tree)
                assert finding.code not in {told.code for told in report.diagnostics}
                assert report.ok
                mended.add(finding.code)
    assert mended == {"MS601", "MS605", "MS609"}


BLOCK = """\
modelspec: 1
input: [8]
blocks:
  unit:
    arguments: {norm: true}
    layers:
      - {type: Linear, out_features: 8}
      - {type: BatchNorm1d, when: norm}
      - ReLU
layers:
  - {block: unit, with: {norm: true}, name: one}
  - {block: unit, with: {norm: SECOND}, name: two}
"""


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        (BLOCK.replace("SECOND", "true"), True),
        (BLOCK.replace("SECOND", "false"), False),
        (BLOCK.replace("SECOND", "true") + "budget: {parameters: 200}\n", True),
        (BLOCK.replace("SECOND", "true") + "budget: {parameters: {exactly: 176}}\n", False),
        (BLOCK.replace("SECOND", "true") + "budget: {parameters: {min: 100}}\n", False),
        (BLOCK.replace("SECOND", "true") + "budget: {macs: {exactly: 128}}\n", True),
        (BLOCK.replace("SECOND", "true") + "budget: {layers: {one.*: {parameters: {exactly: 88}}}}\n", False),
        (BLOCK.replace("SECOND", "true") + "variants: {a: {}, b: {budget: {parameters: {exactly: 176}}}}\n", False),
    ],
)
def test_a_mend_is_given_where_it_is_certain(text: str, certain: bool) -> None:
    findings = follow(text.encode(), "spec.yaml", advice=ALL).findings
    assert [finding.code for finding in findings] == ["MS601"]
    assert bool(findings[0].fix) == certain


def test_a_mend_is_not_certain_where_not_all_is_looked_at() -> None:
    text = BLOCK.replace("SECOND", "true") + "variants: {a: {}, b: {}}\n"
    assert follow(text.encode(), "spec.yaml", advice=ALL).findings[0].fix
    chosen = follow(text.encode(), "spec.yaml", Choice("a"), advice=ALL)
    assert [(finding.code, finding.fix) for finding in chosen.findings] == [("MS601", ())]


def test_a_mend_is_not_made_in_a_file_that_others_import(tmp_path: Path) -> None:
    (tmp_path / "library.yaml").write_text(BLOCK[: BLOCK.index("layers:\n  - {block")].replace("input: [8]\n", ""))
    text = b"modelspec: 1\nimports: [library.yaml]\ninput: [8]\nlayers: [{block: unit}]\n"
    outcome = follow(text, str(tmp_path / "spec.yaml"), advice=ALL)
    assert [(finding.code, finding.fix) for finding in outcome.findings] == [("MS601", ())]


def test_a_variable_that_variants_set_is_not_removed_by_itself() -> None:
    text = (
        "modelspec: 1\nvariables: {a: 1, b: 8}\ninput: [b]\nlayers: [ReLU]\nvariants: {x: {variables: {a: 2}}, y: {}}\n"
    )
    outcome = follow(text.encode(), "spec.yaml", advice=ALL)
    assert [(finding.code, finding.fix) for finding in outcome.findings] == [("MS605", ())]


def test_where_all_variables_go_their_key_goes_too() -> None:
    text = "modelspec: 1\nvariables: {a: 1, b: 8}\ninput: [8]\nlayers: [ReLU]\n"
    assert {edit for _, edit in list_fixes(text)} == {Edit("remove", ("variables",))}


# What is asked for


@pytest.mark.parametrize(
    ("selection", "codes"),
    [
        (Selection(), set(DEFAULT)),
        (Selection(()), set()),
        (Selection(("MS6",)), set(RULES)),
        (Selection(("MS60",)), {code for code in RULES if code < "MS610"}),
        (Selection(("MS601", "MS611")), {"MS601", "MS611"}),
        (Selection(("MS6",), ("MS60",)), {code for code in RULES if code >= "MS610"}),
        (Selection(("MS601",), ("MS6",)), {"MS601"}),
        (Selection(("MS6", "MS601"), ("MS60",)), {"MS601"} | {code for code in RULES if code >= "MS610"}),
        (Selection(("MS601",), ("MS601",)), set()),
        (Selection(None, ("MS601",)), set(DEFAULT) - {"MS601"}),
        (Selection(None, ("MS6",)), set()),
        (Selection(("MS6",), (), ("MS60",)), {code for code in RULES if code >= "MS610"}),
        (Selection(("MS601",), (), ("MS6",)), set()),
        (Selection(("MS601",), ("MS602",)).over(("MS602",), ()), {"MS602"}),
        (Selection(("MS601", "MS602")).over(None, ("MS602",)), {"MS601"}),
        (Selection(("MS601", "MS602"), ("MS602",)).over(None, ()), {"MS601"}),
        (Selection(None, (), ("MS602",)).over(("MS601", "MS602"), ()), {"MS601"}),
    ],
)
def test_what_is_selected(selection: Selection, codes: set[str]) -> None:
    assert selection.codes == codes


SPEC = "modelspec: 1\ninput: [8]\nlayers:\n  - {type: Linear, in_features: 8, out_features: 8}\n  - BatchNorm1d\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def tell(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    """The codes that a check with these options tells."""
    assert run(["check", "spec.yaml", *options]) == 0
    return re.findall(r" (MS\d+) ", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("configuration", "options", "codes"),
    [
        ("", [], ["MS601"]),
        ("", ["--select", "MS6"], ["MS601", "MS609"]),
        ("", ["--select", "MS601, MS609"], ["MS601", "MS609"]),
        ("", ["--select=MS601", "--select=MS609"], ["MS601", "MS609"]),
        ("", ["--select", ""], []),
        ("", ["--ignore", "MS601"], []),
        ("select = ['MS609']", [], ["MS609"]),
        ("select = ['MS609']", ["--select", "MS601"], ["MS601"]),
        ("select = ['MS6']\nignore = ['MS601']", [], ["MS609"]),
        ("select = ['MS6']", ["--ignore", "MS601,MS609"], []),
        ("ignore = ['MS6']", [], []),
        ("select = ['MS6']\nper-file-ignores = { '*.yaml' = ['MS601'] }", [], ["MS609"]),
        ("per-file-ignores = { 'other/**' = ['MS601'] }", [], ["MS601"]),
        ("per-file-ignores = { 'spec.yaml' = ['MS601'] }", ["--select", "MS6"], ["MS609"]),
    ],
)
def test_configuration_and_call_select(
    folder: Path, capsys: pytest.CaptureFixture[str], configuration: str, options: list[str], codes: list[str]
) -> None:
    (folder / "modelspec.toml").write_text(configuration, encoding="utf-8")
    assert tell(capsys, *options) == codes


@pytest.mark.parametrize(
    ("option", "code", "told"),
    [
        ("--select", "MS304", "'MS304' is not advice: errors are always looked for, and never ignored"),
        ("--ignore", "MS304", "'MS304' is not advice: errors are always looked for, and never ignored"),
        ("--select", "MS", "'MS' is not advice"),
        ("--ignore", "MS699", "there is no advice 'MS699'"),
        ("--ignore", "ms601", "there is no advice 'ms601'"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_call_for_what_is_no_advice_is_wrong(
    capsys: pytest.CaptureFixture[str], option: str, code: str, told: str
) -> None:
    assert run(["check", "spec.yaml", option, f"MS601,{code}"]) == 2
    assert f"{option} {code}: {told}" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_warnings_fail_where_that_is_asked_for() -> None:
    assert run(["check", "spec.yaml"]) == 0
    assert run(["check", "spec.yaml", "--fail-on", "warning"]) == 1
    assert run(["check", "spec.yaml", "--fail-on", "warning", "--ignore", "MS601"]) == 0


def test_a_report_gives_the_advice_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "spec.yaml"]) == 0
    assert " MS601 warning: " in capsys.readouterr().out
    (folder / "modelspec.toml").write_text("ignore = ['MS601']", encoding="utf-8")
    assert run(["report", "spec.yaml"]) == 0
    assert "MS601" not in capsys.readouterr().out


def test_the_api_gives_advice(folder: Path) -> None:
    assert [told.code for told in modelspec.check("spec.yaml").diagnostics] == ["MS601"]
    assert [told.code for told in modelspec.check_text(SPEC).diagnostics] == ["MS601"]
    tree = {"modelspec": 1, "input": [8], "layers": [{"type": "Linear", "out_features": 8}, "BatchNorm1d"]}
    report = modelspec.check(tree)
    assert [told.severity for told in report.diagnostics] == ["warning"]
    assert report.ok
    (folder / "modelspec.toml").write_text("select = []", encoding="utf-8")
    assert modelspec.check("spec.yaml").diagnostics == []


def test_a_baseline_is_for_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["baseline", "."]) == 0
    assert "MS601" not in (folder / "modelspec-baseline.json").read_text(encoding="utf-8")
    capsys.readouterr()
    assert tell(capsys, "--baseline", "modelspec-baseline.json") == ["MS601"]


def test_the_version_before_gets_no_advice(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / "spec.yaml").write_text(SPEC.replace("features: 8}", "features: 8, bias: false}"), encoding="utf-8")
    assert tell(capsys, "--against", "HEAD") == []


def test_config_shows_what_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "spec.yaml"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"^advice +MS601, .*MS614; not: MS609, MS610, MS611, MS612$", told, re.MULTILINE)
    assert "MS601 warning" not in told
    (folder / "modelspec.toml").write_text("select = []", encoding="utf-8")
    run(["config", "spec.yaml"])
    assert re.search(r"^advice +none$", capsys.readouterr().out, re.MULTILINE)
    (folder / "modelspec.toml").write_text("select = ['MS60']\nignore = ['MS601']", encoding="utf-8")
    run(["config", "spec.yaml"])
    assert re.search(r"^advice +MS602, [^;]*MS609; not: MS601, MS610", capsys.readouterr().out, re.MULTILINE)


# Comments


@pytest.mark.parametrize(
    ("comment", "ignored"),
    [
        ("# modelspec: ignore", None),
        ("#modelspec:ignore", None),
        ("#  modelspec: ignore MS601", ["MS601"]),
        ("# modelspec: ignore MS601, MS602", ["MS601", "MS602"]),
        ("# modelspec: ignore MS601,MS602 for the checkpoint", ["MS601", "MS602"]),
        ("# modelspec: ignore: MS601", ["MS601"]),
        ("# modelspec: ignore MS601 MS602", ["MS601"]),
        ("# modelspec: ignore (the checkpoint has it)", None),
        ("# modelspec: ignored", []),
        ("# modelspec: ignore-all", []),
        ("# modelspec ignore", []),
        ("# see modelspec: ignore", []),
        ("# Modelspec: ignore", []),
    ],
)
def test_what_a_comment_ignores(comment: str, ignored: list[str] | None) -> None:
    """None stands for all, an empty list for nothing."""
    document = read(f"modelspec: 1  {comment}\ninput: [8]\n".encode(), "spec.yaml")
    remarks = list_remarks(document)
    if ignored == []:
        assert remarks == {}
        return
    assert [code for code, _ in remarks[1].codes] == (ignored or [])
    for code, place in remarks[1].codes:
        assert document.line(1)[place.column - 1 : place.end_column - 1] == code


TEXTS = [  # a line, and whether it ends in a comment
    ("a: b # modelspec: ignore", True),
    ("a: b\t# modelspec: ignore", True),
    ("a: b#modelspec:ignore", False),
    ("a: 'b # modelspec: ignore'", False),
    ('a: "b \\" # modelspec: ignore"', False),
    ("a: 'b # c' # modelspec: ignore", True),
    ("a: [b, # modelspec: ignore\n c]", True),
    ("a: |\n  b\n  # modelspec: ignore\nc: d", False),
    ("a: | # modelspec: ignore\n  b", True),
    ("a: >-\n  b # modelspec: ignore", False),
    ("a: |\n  b\n# modelspec: ignore", True),
    ("# modelspec: ignore\na: b", True),
    ("a: &x b # modelspec: ignore\nc: *x", True),
    ("a: &x b\nc: *x # modelspec: ignore", True),
    ("a:   # modelspec: ignore\n  b: c", True),
    ("ä: 'ö' # modelspec: ignore\r\nb: c", True),
]


@pytest.mark.parametrize(("text", "is_comment"), TEXTS)
def test_only_a_comment_is_one(text: str, is_comment: bool) -> None:
    document = read(text.encode(), "spec.yaml")
    assert document.readable
    remarks = list_remarks(document)
    assert bool(remarks) == is_comment
    for line, remark in remarks.items():
        shown = document.line(line)[remark.place.column - 1 : remark.place.end_column - 1]
        assert shown == "# modelspec: ignore"


def test_json_has_no_comments() -> None:
    text = '{"modelspec": 1, "name": "# modelspec: ignore", "input": [8], "layers": [{"type": "Dropout"}]}'
    assert [told.code for told in modelspec.check_text(text, "spec.json").diagnostics] == ["MS603"]


# What rules ask of a model


def test_a_view_has_every_layer_once() -> None:
    for path in sorted((ROOT / "specs").rglob("*.yaml")):
        outcome: Outcome = follow(path.read_bytes(), str(path))
        for model in outcome.models:
            view = View(model.graph)
            assert len(view.spots) == len({id(spot.part) for spot in view.spots}) == len([*list_parts(model.graph)])
            seats = [*view.seats()]
            paths = {node.path for node in modelspec.check(path, variant=model.graph.variant).models[0].layers}
            assert {seat.path for seat in seats} <= paths
