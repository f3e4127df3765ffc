"""Baselines: what is accepted, what is told, and what a team does with one from the first day on."""

from __future__ import annotations

import inspect
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import modelspec
from modelspec.__main__ import run
from modelspec.baseline import NAME, Baseline, apply, ratchet, read, write
from modelspec.baseline.entry import weigh
from modelspec.cli.baseline import apply_file
from modelspec.limit import METRICS
from modelspec.report import Comparison, Diagnostic, Measure, Model, Report, Totals
from modelspec.source import MAX_BYTES

Streams = pytest.CaptureFixture[str]
FILES = ("a.yaml", "b/a.yaml", "b/c.json", "../d.yaml")
FOLDER = "somewhere"
"""That of the baseline, seen from where the tests run."""


def place(path: str) -> str:
    """A path as a run in the folder above calls it."""
    return f"{FOLDER}/{path}"


def diagnostic(path: str, code: str, message: str = "told", **changes: object) -> Diagnostic:
    facts = {"severity": "error", "hint": None, "line": 1, "column": 1, "end_line": 1, "end_column": 2, "layer": None}
    lists: dict[str, list[str]] = {"models": [], "related": []}
    return Diagnostic.model_validate({**facts, **lists, "code": code, "message": message, "path": path, **changes})


@pytest.fixture(autouse=True, scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder in which all of these files are there."""
    folder = tmp_path_factory.mktemp("baseline")
    for path in FILES:
        (folder / place(path)).parent.mkdir(parents=True, exist_ok=True)
        (folder / place(path)).touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


BOUND = 1_000
MOST = 10**40 - 1
COUNTS = {
    "max": st.integers(BOUND + 1, MOST),
    "min": st.integers(0, BOUND - 1),
    "growth": st.integers(1, MOST),
    "exactly": st.integers(0, BOUND - 1) | st.integers(BOUND + 1, MOST),
}


@st.composite
def excesses(draw: st.DrawFn) -> Diagnostic:
    kind = draw(st.sampled_from(["max", "min", "exactly", "growth"]))
    actual = draw(st.none() | COUNTS[kind])
    scope = draw(st.none() | st.sampled_from(["fc", "head.*", ""]))
    measure = {"metric": draw(st.sampled_from(METRICS)), "scope": scope, "kind": kind, "actual": actual, "bound": BOUND}
    code = "MS504" if actual is None else {"max": "MS501", "min": "MS502", "exactly": "MS503"}.get(kind, "MS507")
    path = draw(st.sampled_from(FILES))
    models = draw(st.lists(st.sampled_from(["m/small", "m/large", "m/x/y", "m"]), unique=True, max_size=3))
    return diagnostic(place(path), code, f"{actual} told", measure=measure, models=models)


LAYERS = st.none() | st.sampled_from(["fc", "ü"])
FAULTS = st.builds(
    lambda path, code, message, line, layer: diagnostic(place(path), code, message, line=line, layer=layer),
    st.sampled_from(FILES),
    st.sampled_from(["MS101", "MS207", "MS304", "MS505"]),
    st.sampled_from(["one", "two", "in line 3", "in line 1,204", 'odd " \\ \u202e\x85 \n text']) | st.text(),
    st.integers(1, 9),
    LAYERS,
)


def key_of(told: Diagnostic) -> list[tuple[object, ...]]:
    if told.measure is None:
        return []
    about = told.measure
    return [(told.path, model, about.metric, about.scope, about.kind) for model in told.models or [None]]


@st.composite
def reports(draw: st.DrawFn) -> Report:
    seen: set[tuple[object, ...]] = set()
    found = []
    for told in draw(st.lists(excesses() | FAULTS, max_size=5)):
        if seen.isdisjoint(key_of(told)):
            seen.update(key_of(told))
            found.append(told)
    return Report(ok=not found, models=[], diagnostics=found, comparisons=[])


ALL = [place(path) for path in FILES]
law = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no reason to fail."""


def load(text: str) -> Baseline:
    loaded = read(text.encode(), place(NAME))
    assert loaded.findings == []
    return loaded


def accept(report: Report) -> Baseline:
    return load(write(report, FOLDER))


def change(report: Report, number: int, by: Callable[[int, Measure], int]) -> Report:
    """The report with one of its counts changed."""
    told = report.diagnostics[number]
    about = told.measure
    assert about is not None
    assert about.actual is not None
    measure = about.model_copy(update={"actual": by(about.actual, about)})
    found = [*report.diagnostics]
    found[number] = told.model_copy(update={"measure": measure})
    return report.model_copy(update={"diagnostics": found})


def worse(actual: int, about: Measure) -> int:
    down = about.kind == "min" or (about.kind == "exactly" and actual < BOUND)
    return actual - 1 if down else actual + 1


def better(actual: int, about: Measure) -> int:
    return 2 * actual - worse(actual, about)


def counted(report: Report) -> list[int]:
    """The findings of a report that have a count, which can get worse and better."""
    told = enumerate(report.diagnostics)
    return [number for number, one in told if one.measure is not None and one.measure.actual is not None]


@law
@given(reports())
def test_what_is_written_is_accepted(report: Report) -> None:
    after = apply(accept(report), report, ALL)
    assert after.diagnostics == []
    assert after.ok
    assert after.baseline is not None
    assert (after.baseline.accepted, after.baseline.better) == (len(report.diagnostics), 0)


@law
@given(reports(), st.randoms())
def test_order_and_lines_do_not_matter(report: Report, order: random.Random) -> None:
    text = write(report, FOLDER)
    moved = [told.model_copy(update={"line": told.line + 7, "column": 5}) for told in report.diagnostics]
    order.shuffle(moved)
    again = report.model_copy(update={"diagnostics": moved})
    assert write(again, FOLDER) == text
    entries = text.splitlines()[1:-1]
    assert len(entries) == len(accept(report).entries), "an entry has a line of its own"
    order.shuffle(entries)
    lines = ",".join(entry.removesuffix(",") for entry in entries)
    assert apply(load(f'{{"accepted": [{lines}], "modelspec_baseline": 1}}'), again, ALL).diagnostics == []


@law
@given(reports(), st.data())
def test_worse_by_one_is_told(report: Report, data: st.DataObject) -> None:
    assume(counted(report))
    number = data.draw(st.sampled_from(counted(report)))
    was, now = report.diagnostics[number].measure, change(report, number, worse)
    assert was is not None
    after = apply(accept(report), now, ALL)
    (told,) = after.diagnostics
    assert not after.ok
    assert told.model_copy(update={"related": []}) == now.diagnostics[number]
    how = {"min": "less", "exactly": "further off"}.get(was.kind, "more")
    assert {one.message for one in told.related} == {f"the baseline accepts {was.actual:,}: this is 1 {how}"}
    entries = {Path(NAME).name: accept(report).document.line(one.line) for one in told.related}
    assert all(f'"actual": {was.actual}' in entry for entry in entries.values()), "it points at its entry"
    assert len(told.related) == (len(told.models) or 1)


@law
@given(reports(), st.data())
def test_better_is_accepted_and_counted(report: Report, data: st.DataObject) -> None:
    assume(counted(report))
    number = data.draw(st.sampled_from(counted(report)))
    now = change(report, number, better)
    assume(still_wrong(now.diagnostics[number]))
    after = apply(accept(report), now, ALL)
    (advice,) = after.diagnostics
    assert after.ok
    assert (advice.code, advice.severity, advice.path) == ("MS509", "warning", place(NAME))
    assert advice.hint == f"take that in: modelspec baseline --ratchet -o {place(NAME)}"
    entries = len(now.diagnostics[number].models) or 1
    are = "1 entry of the baseline is" if entries == 1 else f"{entries} entries of the baseline are"
    assert advice.message == f"{are} better now"
    assert after.baseline is not None
    assert (after.baseline.accepted, after.baseline.better) == (len(report.diagnostics), entries)


def still_wrong(told: Diagnostic) -> bool:
    """Whether a count is still on the same side of its bound."""
    about = told.measure
    assert about is not None
    assert about.actual is not None
    return about.actual not in (BOUND, 0)


@law
@given(reports(), st.data())
def test_what_is_mended_is_gone(report: Report, data: st.DataObject) -> None:
    assume(report.diagnostics)
    mended = data.draw(st.sampled_from(report.diagnostics))
    left = [told for told in report.diagnostics if told is not mended]
    now = report.model_copy(update={"diagnostics": left})
    after = apply(accept(report), now, ALL)
    assert after.ok
    assert [told.code for told in after.diagnostics] == ["MS509"]
    once = [told for told in left if (told.path, told.code) != (mended.path, mended.code)]
    assert ("gone" in after.diagnostics[0].message) or len(once) < len(left)
    assert apply(load(ratchet(accept(report), now, ALL)), now, ALL).diagnostics == []


def tell(report: Report) -> Counter[object]:
    """The errors of a report, of each model for itself, without the lines."""
    return Counter(
        (told.path, told.code, told.layer, told.message, str(told.measure), model)
        for told in report.diagnostics
        if told.severity == "error"
        for model in told.models or [None]
    )


@law
@given(reports(), reports(), st.sets(st.sampled_from(ALL)))
def test_a_ratchet_only_tightens(before: Report, now: Report, checked: set[str]) -> None:
    now = now.model_copy(update={"diagnostics": [told for told in now.diagnostics if told.path in checked]})
    old = accept(before)
    text = ratchet(old, now, checked)
    new = load(text)
    for report in (before, now):
        assert tell(apply(old, report, ALL)) <= tell(apply(new, report, ALL)), "it accepts more"
    assert tell(apply(old, now, ALL)) == tell(apply(new, now, ALL)), "what is there today is told anew"
    assert ratchet(new, now, checked) == text
    assert not [told for told in apply(new, now, checked).diagnostics if told.code == "MS509"]
    others = [entry for entry in old.entries if place(entry.path) not in checked]
    assert set(others) <= set(new.entries), "what was not looked at stays"


@law
@given(reports())
def test_a_ratchet_of_the_same_changes_nothing(report: Report) -> None:
    text = write(report, FOLDER)
    assert ratchet(load(text), report, ALL) == text


WEIGHED = [  # kind, bound, accepted, actual, by how much it is worse
    ("max", 10, 15, 15, 0),
    ("max", 10, 15, 16, 1),
    ("max", 10, 15, 11, -4),
    ("max", 20, 15, 25, 10),  # the limit is another now; what is accepted stays
    ("max", 10, None, None, 0),
    ("max", 10, None, 11, None),
    ("max", 10, 15, None, None),
    ("growth", None, 5, 7, 2),
    ("growth", None, 5, -7, -12),
    ("min", 10, 5, 4, 1),
    ("min", 10, 5, 6, -1),
    ("exactly", 10, 15, 16, 1),
    ("exactly", 10, 15, 12, -3),
    ("exactly", 10, 5, 4, 1),
    ("exactly", 10, 5, 9, -4),
    ("exactly", 10, 15, 9, None),  # nearer, but on the other side
    ("exactly", 10, 10, 11, None),
    ("exactly", 10, 10, 9, None),
    ("exactly", None, 15, 15, 0),
    ("exactly", None, 15, 14, None),
]


@pytest.mark.parametrize(("kind", "bound", "accepted", "actual", "gap"), WEIGHED)
def test_how_a_count_is_weighed(
    kind: str, bound: int | None, accepted: int | None, actual: int | None, gap: int | None
) -> None:
    measure = {"metric": "macs", "scope": None, "kind": kind, "actual": actual, "bound": bound}
    assert weigh(accepted, Measure.model_validate(measure)) == gap


def over(path: str, actual: int | None, *models: str, variants: Collection[str] = ()) -> Diagnostic:
    measure = {"metric": "macs", "scope": None, "kind": "max", "actual": actual, "bound": 10}
    return diagnostic(place(path), "MS501", measure=measure, models=[*models], variants=[*variants])


def gather(*found: Diagnostic) -> Report:
    return Report(ok=not found, models=[], diagnostics=[*found])


def test_unknown_is_accepted_only_where_it_was_unknown() -> None:
    accepted = accept(gather(over("a.yaml", None, "a")))
    assert apply(accepted, gather(over("a.yaml", None, "a")), ALL).ok
    (told,) = apply(accepted, gather(over("a.yaml", 11, "a")), ALL).diagnostics
    assert told.related[0].message == "the baseline accepts that it is not known"
    (told,) = apply(accept(gather(over("a.yaml", 11, "a"))), gather(over("a.yaml", None, "a")), ALL).diagnostics
    assert told.related[0].message == "the baseline accepts 11: now it is not known"


def test_one_more_of_the_same_is_told() -> None:
    fault = diagnostic(place("a.yaml"), "MS207")
    after = apply(accept(gather(fault, fault)), gather(fault, fault, fault), ALL)
    (told,) = after.diagnostics
    assert told.related[0].message == "the baseline accepts 2 of these: this is one more"
    (told,) = apply(accept(gather(fault, fault)), gather(fault), ALL).diagnostics
    assert told.message == "1 entry of the baseline is better now"


def test_of_a_finding_for_several_variants_what_is_new_is_left() -> None:
    """The same excess of two variants is one finding; one of the variants is not in the baseline."""
    accepted = accept(gather(over("a.yaml", 11, "m/large")))
    (told,) = apply(accepted, gather(over("a.yaml", 11, "m/large", "m/small")), ALL).diagnostics
    assert (told.models, told.variants) == (["m/small"], ["small"])
    both = over("a.yaml", 11, "m/large", "m/x/y", variants=["large", "x/y"])
    (told,) = apply(accepted, gather(both), ALL).diagnostics
    assert (told.models, told.variants) == (["m/x/y"], ["x/y"])


def test_with_one_variant_nothing_is_said_of_the_others() -> None:
    fault = diagnostic(place("a.yaml"), "MS207")
    accepted = accept(gather(over("a.yaml", 11, "m/large", "m/small"), fault))
    assert apply(accepted, gather(over("a.yaml", 11, "m/small")), ALL, variant="small").diagnostics == []
    (told,) = apply(accepted, gather(), ALL, variant="small").diagnostics
    assert told.message == "1 entry of the baseline is gone"
    assert len(load(ratchet(accepted, gather(), ALL, variant="small")).entries) == 2


def test_without_a_comparison_nothing_is_said_of_growth() -> None:
    measure = {"metric": "macs", "scope": None, "kind": "growth", "actual": 5, "bound": 2}
    accepted = accept(gather(diagnostic(place("a.yaml"), "MS507", measure=measure, models=["a"])))
    assert apply(accepted, gather(), ALL).diagnostics == []
    assert len(load(ratchet(accepted, gather(), ALL)).entries) == 1
    compared = gather().model_copy(update={"comparisons": []})
    assert [told.code for told in apply(accepted, compared, ALL).diagnostics] == ["MS509"]
    assert load(ratchet(accepted, compared, ALL)).entries == []


@pytest.mark.parametrize(("old", "new"), [("a", "c"), ("m", "m"), ("a/small", "c/small")])
def test_a_renamed_file_keeps_what_is_accepted(old: str, new: str) -> None:
    """A model without a name of its own is called as its file is."""
    fault = diagnostic(place("a.yaml"), "MS207")
    accepted = accept(gather(over("a.yaml", 12, old), fault))
    there, renamed = place("b/c.json"), {place("b/c.json"): place("a.yaml")}
    now = gather(over("b/c.json", 12, new), fault.model_copy(update={"path": there}))
    assert apply(accepted, now, [there], renamed=renamed).diagnostics == []
    assert len(apply(accepted, now, [there]).diagnostics) == 2
    text = ratchet(accepted, now, [there], renamed=renamed)
    assert text == write(now, FOLDER)
    (told,) = apply(accepted, gather(), [there], renamed=renamed).diagnostics
    assert told.message == "2 entries of the baseline are gone"


def model(path: str, name: str, variant: str | None = None, ok: bool = False) -> Model:
    facts = dict.fromkeys(Totals.model_fields)
    lists: dict[str, list[object]] = {"conventions": [], "layers": [], "budget": []}
    about = {"path": place(path), "name": name, "variant": variant, "dialect": "torch", "ok": ok, "inputs": {}}
    return Model.model_validate({**about, **lists, "totals": facts})


def compare(path: str, name: str) -> Comparison:
    lists: dict[str, list[object]] = {"metrics": [], "layers": [], "growth": []}
    about = {"path": place(path), "old_path": None, "name": name, "variant": None, "status": "changed", "reason": None}
    return Comparison.model_validate({**about, **lists, "ok": False})


def test_models_are_well_once_all_that_is_wrong_is_accepted() -> None:
    library = diagnostic(place("../d.yaml"), "MS207", models=["one", "two"])
    here = diagnostic(place("b/a.yaml"), "MS207", models=["one"])
    before = gather(over("a.yaml", 11, "one"), over("a.yaml", 11, "m/small"), library)
    now = gather(over("a.yaml", 11, "one"), over("a.yaml", 11, "m/small"), over("a.yaml", 12, "m/large"), here)
    models = [model("a.yaml", "one"), model("a.yaml", "m", "small"), model("a.yaml", "m", "large")]
    others = [model("b/a.yaml", "one"), model("b/c.json", "broken")]
    comparisons = [compare("a.yaml", "one"), compare("b/a.yaml", "one")]
    now = now.model_copy(update={"models": [*models, *others], "comparisons": comparisons})
    after = apply(accept(before), now, ["somewhere/a.yaml"])
    assert [one.ok for one in after.models] == [True, True, False, False, False]
    assert after.comparisons is not None
    assert [one.ok for one in after.comparisons] == [True, False]
    again = now.model_copy(update={"diagnostics": [*now.diagnostics, library.model_copy(update={"message": "new"})]})
    assert [one.ok for one in apply(accept(before), again, []).models] == [False, True, False, False, False]


def test_what_no_baseline_can_hold() -> None:
    """The configuration is the gate itself; a warning lets pass anyway; more digits than that are not read back."""
    found = [
        diagnostic("modelspec.toml", "MS701"),
        diagnostic(place("a.yaml"), "MS601", severity="warning"),
        over("a.yaml", 10**40, "a"),
    ]
    assert accept(gather(*found)).entries == []
    after = apply(accept(gather(over("a.yaml", 10**40 - 1, "a"))), gather(*found), ALL)
    assert errors_and_warnings(after) == found


def errors_and_warnings(report: Report) -> list[Diagnostic]:
    """All but the related place that is added, and the advice on the baseline."""
    return [one.model_copy(update={"related": []}) for one in report.diagnostics if one.code != "MS509"]


def test_paths_are_those_from_the_baseline_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "specs" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "specs")
    (tmp_path / "specs" / "a.yaml").touch()
    (tmp_path / "specs" / "b.yaml").symlink_to("a.yaml")
    monkeypatch.chdir(tmp_path / "specs" / "deep")
    ways = ["../a.yaml", "../../link/a.yaml", str(tmp_path / "specs" / "a.yaml"), "../b.yaml"]
    written = write(gather(*[diagnostic(path, "MS207") for path in ways]), "..")
    shown = [(entry.path, entry.times) for entry in read(written.encode(), "../x.json").entries]
    assert shown == [("a.yaml", 3), ("b.yaml", 1)]
    assert '"path": "../specs/a.yaml"' in write(
        gather(diagnostic("../a.yaml", "MS207")), "../../link/../link/../specs/../x"
    )


ENTRY = '{"path": "a.yaml", "model": "a", "code": "MS501", "metric": "macs", "kind": "max", "actual": 5}'
FAULT = '{"path": "a.yaml", "code": "MS207", "message": "told"}'
BAD = [  # a text, and of each thing that is told: its line, what stands there, and words of it
    ("", [(1, "", "the file says nothing")]),
    ("accept", [(1, "accept", "not a value of JSON")]),
    ("[]", [(1, "[]", "does not begin with")]),
    ('{"modelspec": 1}', [(1, "{", "does not begin with")]),
    ('{"modelspec_baseline": 2, "new": 1}', [(1, "2", "its version is 2")]),
    ('{"modelspec_baseline": true}', [(1, "true", "its version is true")]),
    ('{"modelspec_baseline": 1}', [(1, "{", "must be a list")]),
    (
        '{"modelspec_baseline": 1, "accepted": {}, "x": 1}',
        [(1, '"x"', 'unknown key "x"'), (1, "{}", "must be a list")],
    ),
    (
        '{"modelspec_baseline": 1,\n"accepted": [5,\n"x"]}',
        [(2, "5", "must be a mapping, not 5"), (3, '"x"', 'must be a mapping, not "x"')],
    ),
    (ENTRY.replace("model", "modle"), [(2, '"modle"', 'unknown key "modle"')]),
    (ENTRY.replace("5}", "true}"), [(2, "true", "whole number or null, not true")]),
    (ENTRY.replace("5}", "5.0}"), [(2, "5.0", "whole number or null, not 5.0")]),
    (ENTRY.replace("macs", "mac"), [(2, '"mac"', "must be a metric")]),
    (ENTRY.replace("max", "most"), [(2, '"most"', "must be one of max, min, exactly, growth")]),
    (ENTRY.replace("MS501", "MS999"), [(2, '"MS999"', "must be a code")]),
    (ENTRY.replace("MS501", "MS701"), [(2, '"MS701"', "must be a code")]),
    (ENTRY.replace(', "actual": 5', ""), [(2, "{", "lacks 'actual'")]),
    (ENTRY.replace('"a"', "null"), [(2, "null", "'model' must be text")]),
    (ENTRY.replace("a.yaml", ""), [(2, '"",', "'path' must be text")]),
    (FAULT.replace("}", ', "count": 0}'), [(2, "0}", "from 1")]),
    (FAULT.replace("}", ', "actual": 0}'), [(2, '"actual"', "unknown key")]),
    (f"{ENTRY},\n{ENTRY.replace('5}', '6}')}", [(3, "{", "stands twice")]),
    (f"{FAULT},\n{FAULT}", [(3, "{", "stands twice")]),
    (FAULT.replace("told", "told\0"), [(2, "\0", "NUL")]),
    (FAULT.replace("}", ', "code": "MS101"}'), [(2, '"code": "MS101"}', "twice")]),
    (f"{ENTRY}\n{FAULT}", [(3, "{", "is missing")]),
    (f"{ENTRY},\n<<<<<<< HEAD\n{FAULT}\n=======\n>>>>>>> b", [(3, "<<<<<<<", "not a value of JSON")]),
    ("[" * 100_000, [(1, "[", "nested")]),
    (f'{{"modelspec_baseline": 1, "accepted": [{"1" * 5_000}]}}', [(1, "1111", "digits")]),
    (" " * (MAX_BYTES + 1), [(1, " ", "larger than")]),
    ("\udcff", [(1, "\ufffd", "UTF-8")]),
]


@pytest.mark.parametrize(("text", "expected"), BAD, ids=range(len(BAD)))
def test_a_baseline_that_cannot_be_read_is_told(text: str, expected: list[tuple[int, str, str]]) -> None:
    if text.startswith('{"path"'):
        text = f'{{"modelspec_baseline": 1, "accepted": [\n{text}\n]}}'
    broken = read(text.encode("utf-8", "surrogateescape"), "base.txt")
    assert broken.entries == []
    assert len(broken.findings) == len(expected)
    for finding, (number, rest, words) in zip(broken.findings, expected, strict=True):
        found = broken.document.place(finding.where)
        assert (finding.code, found.line) == ("MS705", number)
        assert broken.document.line(number)[found.column - 1 :].startswith(rest)
        assert finding.message.startswith("the baseline cannot be read: ")
        assert words in finding.message
        assert finding.hint


@law
@given(st.text() | st.text('{}[]",:0123emodlspacuntin \n', max_size=80), st.booleans())
def test_no_text_is_too_odd(text: str, inside: bool) -> None:
    text = f'{{"modelspec_baseline": 1, "accepted": [{text}]}}' if inside else text
    broken = read(text.encode("utf-8", "surrogatepass"), NAME)
    for finding in broken.findings:
        assert broken.document.place(finding.where).line >= 1
    assert not broken.findings or not broken.entries


SPEC = """\
modelspec: 1
input: [4]
layers:
  - {{name: fc, type: Linear, out_features: {0}}}
budget: {{parameters: 10}}
"""
BROKEN = "modelspec: 1\ninput: [4]\nlayers:\n  - ReLUU\n  - ReLUU\n"
"""Two faults of the same words."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fifty specs over the line, one that is broken and one that is well, below the folder that the commands run in."""
    (tmp_path / "specs").mkdir()
    for number in range(50):
        (tmp_path / "specs" / f"{number:02}.yaml").write_text(SPEC.format(number + 10), encoding="utf-8")
    (tmp_path / "specs" / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "specs" / "well.yaml").write_text(SPEC.format(2), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> int:
    return run(["check", "specs", "--baseline", NAME, *arguments])


def test_a_repository_adopts_the_gate(folder: Path, capsys: Streams) -> None:
    specs = folder / "specs"
    assert run(["check", "specs"]) == 1
    assert "52 problems in 51 of 52 specs." in capsys.readouterr().out

    # Today all is accepted, and the same file says so from wherever it is read.
    assert run(["baseline", "specs"]) == 0
    assert capsys.readouterr() == (f"{NAME} accepts 52 problems in 51 files.\n", "")
    first = Path(NAME).read_text(encoding="utf-8")
    assert len(first.splitlines()) == 51 + 2
    assert check() == 0
    assert capsys.readouterr() == ("52 specs checked: all well. The baseline accepts 52 problems.\n", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(specs)
        assert run(["check", ".", "--baseline", f"../{NAME}"]) == 0
        assert run(["check", str(specs / "07.yaml"), "--baseline", str(folder / NAME)]) == 0
    capsys.readouterr()

    # One gets worse by a weight, one better, one is mended, one deleted, and one is moved down in its file.
    (specs / "00.yaml").write_text(SPEC.format(11), encoding="utf-8")
    (specs / "01.yaml").write_text(SPEC.format(10), encoding="utf-8")
    (specs / "02.yaml").write_text(SPEC.format(2), encoding="utf-8")
    (specs / "03.yaml").unlink()
    (specs / "04.yaml").write_text("# new\n\n" + SPEC.format(14), encoding="utf-8")
    assert check() == 1
    told = capsys.readouterr().out
    assert "specs/00.yaml:5:22: MS501 error: parameters: 55, 45 over the limit of 10" in told
    assert f"--> {NAME}:2:1: the baseline accepts 50: this is 5 more" in told
    assert f"{NAME}:3:10: MS509 warning: 1 entry of the baseline is better now, and 2 are gone" in told
    assert "\n1 problem and 1 warning in 1 of 51 specs. The baseline accepts " in told

    # What is better is taken in, what is worse is not.
    assert run(["baseline", "specs", "--ratchet"]) == 0
    assert capsys.readouterr().out == f"{NAME} accepts 50 problems in 49 files: 2 fewer than before, 1 tighter.\n"
    second = Path(NAME).read_text(encoding="utf-8")
    assert {*second.splitlines()} - {*first.splitlines()} == {first.splitlines()[2].replace("55", "50")}
    assert check() == 1
    assert "MS509" not in capsys.readouterr().out
    (specs / "01.yaml").write_text(SPEC.format(11), encoding="utf-8")
    assert run(["check", "specs/01.yaml", "--baseline", NAME]) == 1
    assert "the baseline accepts 50: this is 5 more" in capsys.readouterr().out

    # A file under a new name is another file, unless the one who checks knows of it.
    (specs / "05.yaml").rename(specs / "new.yaml")
    assert check() == 1
    assert "specs/new.yaml:5:22: MS501 error" in capsys.readouterr().out
    report = modelspec.check("specs/new.yaml")
    renamed = {"specs/new.yaml": "specs/05.yaml"}
    after = apply_file(report, NAME, ["specs/new.yaml"], renamed=renamed)
    assert after is not None
    assert (after.ok, after.diagnostics, after.models[0].ok) == (True, [], True)

    # Written anew, it accepts what is there now.
    assert run(["baseline", "specs"]) == 0
    capsys.readouterr()
    assert check() == 0
    assert Path(NAME).read_text(encoding="utf-8") != second


def test_one_more_of_the_same_fault_fails(folder: Path, capsys: Streams) -> None:
    assert run(["baseline", "specs"]) == 0
    with (folder / "specs" / "broken.yaml").open("a", encoding="utf-8") as file:
        file.write("  - ReLUU\n")
    assert check("--format", "json") == 1
    report = Report.model_validate_json(capsys.readouterr().out.partition("\n")[2])
    (told,) = report.diagnostics
    assert (told.code, told.line) == ("MS207", 6)
    assert report.baseline is not None
    assert (report.baseline.path, report.baseline.accepted, report.baseline.better) == (NAME, 52, 0)
    assert [model.name for model in report.models if not model.ok] == ["broken"]


CALLS = [  # a call, its exit status, and words of what it says: on standard output if 0 or 1, else on standard error
    ("check specs --baseline nowhere.json", 2, "the baseline: no such file or folder: 'nowhere.json'"),
    ("check specs --baseline specs", 2, "'specs' is a folder: name a baseline"),
    ("check specs --baseline a\0b", 2, "no such file or folder"),
    ("check specs --baseline specs/well.yaml", 1, "specs/well.yaml:1:1: MS705 error: the baseline cannot be read"),
    ("check nowhere.yaml --baseline base.json", 2, "no such file or folder: 'nowhere.yaml'"),
    ("baseline", 0, f"{NAME} accepts 52 problems in 51 files."),
    ("baseline specs/well.yaml", 0, f"{NAME} accepts 0 problems in 0 files."),
    ("baseline specs/broken.yaml -o new.json", 0, "new.json accepts 2 problems in 1 file."),
    ("baseline specs --set width=2", 2, "no spec here has a variable"),
    ("baseline specs --variant small", 2, "no spec here has it"),
    ("baseline specs --set 1", 2, "--set wants NAME=VALUE"),
    ("baseline specs nowhere.yaml", 2, "no such file or folder: 'nowhere.yaml'"),
    ("baseline specs -o specs", 2, "cannot write 'specs'"),
    ("baseline specs -o nowhere/base.json", 2, "cannot write 'nowhere/base.json'"),
    ("baseline specs -o specs/well.yaml", 2, "'specs/well.yaml' is there already, and is no baseline"),
    ("baseline -", 2, "give '-' neither to be read nor to be written"),
    ("baseline specs -o -", 2, "give '-' neither to be read nor to be written"),
    ("baseline specs --ratchet", 2, f"no such file or folder: '{NAME}'"),
    ("baseline specs --ratchet -o bad.json", 1, "bad.json:1:24: MS705 error: the baseline cannot be read: its version"),
    ("baseline specs --ratchet -o base.json", 0, "base.json accepts 0 problems in 0 files: 1 fewer than before"),
]


@pytest.mark.parametrize(("call", "status", "told"), CALLS, ids=[call for call, _, _ in CALLS])
def test_exit_status_and_stream(folder: Path, capsys: Streams, call: str, status: int, told: str) -> None:
    entry = '{"path": "specs/gone.yaml", "code": "MS207", "message": "told"}'
    (folder / "base.json").write_text(f'{{"modelspec_baseline": 1, "accepted": [{entry}]}}', encoding="utf-8")
    (folder / "bad.json").write_text('{"modelspec_baseline": 2}', encoding="utf-8")
    well = (folder / "specs" / "well.yaml").read_text(encoding="utf-8")
    assert run(call.split(" ")) == status
    output, trouble = capsys.readouterr()
    assert told in (trouble if status == 2 else output)
    assert "Traceback" not in output + trouble
    if status != 0 or "base.json" in call:
        assert sorted(path.name for path in folder.iterdir()) == ["bad.json", "base.json", "specs"]
    assert (folder / "specs" / "well.yaml").read_text(encoding="utf-8") == well


def test_a_broken_baseline_accepts_nothing_and_keeps_nothing_back(folder: Path, capsys: Streams) -> None:
    (folder / NAME).write_text("{", encoding="utf-8")
    assert check("--format", "json") == 1
    report = Report.model_validate_json(capsys.readouterr().out)
    assert [told.code for told in report.diagnostics].count("MS705") == 1
    assert len(report.diagnostics) == 1 + 52
    assert report.baseline is None


def test_a_wrong_configuration_is_told_and_not_accepted(folder: Path, capsys: Streams) -> None:
    (folder / "modelspec.toml").write_text("exclud = []\n", encoding="utf-8")
    for _ in range(2):
        assert run(["baseline", "specs"]) == 1
        assert "modelspec.toml:1:1: MS701 error" in capsys.readouterr().out
        assert check() == 1
        assert "1 problem" in capsys.readouterr().out


def test_a_variant_is_ratcheted_alone(folder: Path, capsys: Streams) -> None:
    path = folder / "specs" / "family.yaml"
    text = (
        SPEC.format("width")
        + "variables: {width: 1}\nvariants:\n  one: {variables: {width: 20}}\n  two: {variables: {width: 30}}\n"
    )
    path.write_text(text, encoding="utf-8")
    assert run(["baseline", str(path)]) == 0
    path.write_text(text.replace("20", "2").replace("30", "1"), encoding="utf-8")
    assert run(["baseline", str(path), "--ratchet", "--variant", "two"]) == 0
    assert "1 problem in 1 file: 1 fewer" in capsys.readouterr().out
    assert run(["check", str(path), "--variant", "two", "--baseline", NAME]) == 0
    assert "all well" in capsys.readouterr().out
    assert run(["check", str(path), "--baseline", NAME]) == 0
    assert "1 entry of the baseline is gone" in capsys.readouterr().out


def test_the_command_names_the_file_as_the_library_does() -> None:
    from modelspec.cli import app

    assert inspect.signature(app.baseline).parameters["output"].default == NAME


def test_a_search_takes_no_baseline_for_a_spec(folder: Path, capsys: Streams) -> None:
    (folder / "specs" / "odd.yaml").write_text('modelspec: 1\n"modelspec": 1\n{: {}\n', encoding="utf-8")
    assert run(["baseline", "."]) == 0
    assert "modelspec" in Path(NAME).read_text(encoding="utf-8").partition("accepted")[2]
    capsys.readouterr()
    assert run(["check", ".", "--baseline", NAME]) == 0
    assert capsys.readouterr().out == "53 specs checked: all well. The baseline accepts 54 problems.\n"
