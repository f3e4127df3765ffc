"""Two versions of a model: every layer is accounted for once, no change is hidden, and growth is held to its limits."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from compare_versions import compare_versions
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cases import COMPARED
from test_render import columns, names, nasty

import modelspec.comparison
from modelspec import alignment
from modelspec.alignment import align, find_rising
from modelspec.comparison import compare
from modelspec.growth import judge_growth
from modelspec.limit import METRICS, Share
from modelspec.render import comment, markdown, text
from modelspec.render.numbers import show_difference
from modelspec.report import (
    Against,
    ArgumentChange,
    Change,
    Comparison,
    Diagnostic,
    GrowthLimit,
    GrowthLine,
    Layer,
    LayerChange,
    Metrics,
    Model,
    Report,
    Tensor,
    TensorType,
    Totals,
)
from modelspec.road import follow, write_report

ROOT = Path(__file__).resolve().parent.parent
CASES = sorted((ROOT / "tests" / "cases" / "diff").iterdir())
ZOO = sorted((ROOT / "specs" / "zoo").glob("*.yaml"))
RECORD = os.environ.get("MODELSPEC_RECORD") == "1"

briefly = settings(max_examples=60, deadline=None)


def layer(path: str, size: int = 8, kind: str = "Linear", repeat: int = 1, **facts: Any) -> Layer:
    """A layer whose every cost is its size, times its rounds."""
    costs = dict.fromkeys(Metrics.model_fields, size * repeat)
    told: dict[str, Any] = {
        "path": path,
        "type": kind,
        "line": 1,
        "repeat": repeat,
        "inputs": ["input"],
        "output_shape": [size],
        "outputs": {"output": TensorType(shape=[size], dtype="float32")},
        "arguments": {"size": size},
        "inferred": [],
        "tensors": [],
    }
    return Layer(**{**told, **costs, **facts})


def model(layers: list[Layer], **facts: Any) -> Model:
    totals = {metric: sum(getattr(each, metric, 0) or 0 for each in layers) for metric in METRICS}
    told: dict[str, Any] = {
        "path": "model.yaml",
        "name": "model",
        "variant": None,
        "dialect": "torch",
        "ok": True,
        "conventions": [],
        "inputs": {"input": TensorType(shape=[8], dtype="float32")},
        "layers": layers,
        "totals": Totals(**totals),
        "budget": [],
    }
    return Model(**{**told, **facts})


def chain(layers: list[Layer]) -> list[Layer]:
    """The same layers, each reading the one before it."""
    before = ["input", *(each.path for each in layers)]
    return [each.model_copy(update={"inputs": [read]}) for each, read in zip(layers, before, strict=False)]


def unnamed(sizes: list[int]) -> Model:
    """Layers that are called by their place: every fourth size is one without weights."""
    kinds = ["ReLU" if size % 4 == 0 else "Linear" for size in sizes]
    layers = [layer(f"{kind}-{at}", size, kind) for at, (kind, size) in enumerate(zip(kinds, sizes, strict=True), 1)]
    return model(chain(layers))


def named(rows: list[tuple[str, int]]) -> Model:
    return model(chain([layer(name, size) for name, size in rows]))


def count(comparison: Comparison) -> dict[str, int]:
    kinds = [each.change for each in comparison.layers]
    return {kind: kinds.count(kind) for kind in ("added", "removed", "changed", "moved")}


unnamed_models = st.lists(st.integers(1, 6), max_size=12).map(unnamed)
named_models = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 3)), max_size=8, unique_by=lambda row: row[0]
).map(named)


@st.composite
def repeated_models(draw: st.DrawFn) -> Model:
    """Rounds `h.0`, `h.1`, … of three layers each, in runs that are the same, as a report has them."""
    kinds = draw(st.lists(st.integers(1, 3), max_size=8))
    rows = [layer("stem")]
    start = 0
    while start < len(kinds):
        end = start
        while end < len(kinds) and kinds[end] == kinds[start]:
            end += 1
        size = kinds[start]
        rows += [layer(f"h.{start}.{name}", size, repeat=end - start) for name in ("ln", "up", "down")]
        start = end
    return model([*rows, layer("head")])


pairs = (
    st.tuples(unnamed_models, unnamed_models)
    | st.tuples(named_models, named_models)
    | st.tuples(repeated_models(), repeated_models())
)


def expand(rows: list[tuple[str | None, int | None]]) -> list[str]:
    """The path of every round, of rows and pieces alike."""
    paths = []
    for path, repeat in rows:
        if path is None or repeat is None:
            continue
        level = re.fullmatch(r"(h\.)(\d+)(\..*)", path)
        if level is None:
            paths += [path] * repeat
        else:
            paths += [f"{level[1]}{int(level[2]) + at}{level[3]}" for at in range(repeat)]
    return sorted(paths)


@given(pairs)
@briefly
def test_every_layer_is_accounted_for_once(both: tuple[Model, Model]) -> None:
    """What is not told is the same in both versions; what is told is told once on each side."""
    old, new = both
    told = compare(old, new).layers
    before = expand([(each.path, each.repeat) for each in old.layers])
    after = expand([(each.path, each.repeat) for each in new.layers])
    left = expand([(each.old_path, each.old_repeat) for each in told])
    right = expand([(each.path, each.repeat) for each in told])
    for path in left:
        before.remove(path)
    for path in right:
        after.remove(path)
    assert before == after


@given(pairs)
@briefly
def test_differences_add_up(both: tuple[Model, Model]) -> None:
    comparison = compare(*both)
    for total in comparison.metrics:
        parts = [change for each in comparison.layers for change in each.metrics if change.metric == total.metric]
        assert total.difference is not None
        assert total.new is not None
        assert total.old is not None
        assert total.new - total.old == total.difference
        if total.metric != "peak_activation_bytes":
            assert sum(change.difference or 0 for change in parts) == total.difference


@given(pairs)
@briefly
def test_swapping_the_versions_swaps_what_is_new_and_what_is_gone(both: tuple[Model, Model]) -> None:
    """By costs: where several pairings are as good, the two ways round need not choose the same."""
    there, back = compare(*both), compare(*reversed(both))
    assert count(there)["added"] - count(there)["removed"] == count(back)["removed"] - count(back)["added"]
    assert there.status == back.status
    assert [change.difference for change in there.metrics] == [-(change.difference or 0) for change in back.metrics]


@given(named_models, named_models)
@briefly
def test_swapping_versions_with_names_swaps_them_exactly(old: Model, new: Model) -> None:
    there, back = count(compare(old, new)), count(compare(new, old))
    assert (there["added"], there["removed"]) == (back["removed"], back["added"])


@given(unnamed_models | named_models | repeated_models())
@briefly
def test_a_model_is_unchanged_beside_itself(one: Model) -> None:
    comparison = compare(one, one.model_copy(deep=True))
    assert (comparison.status, comparison.layers) == ("unchanged", [])
    assert {change.difference for change in comparison.metrics} <= {0}


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_a_real_model_is_unchanged_beside_itself(path: Path) -> None:
    first, second = (write_report([follow(path.read_bytes(), path.name)]).models for _ in range(2))
    assert {compare(old, new).status for old, new in zip(first, second, strict=True)} == {"unchanged"}


@given(st.lists(st.integers(1, 6), min_size=1, max_size=10), st.data())
@briefly
def test_what_is_inserted_is_added_and_the_rest_moves(sizes: list[int], data: st.DataObject) -> None:
    """A layer like no other, put in anywhere among layers without names: nothing is changed."""
    at = data.draw(st.integers(0, len(sizes)))
    comparison = compare(unnamed(sizes), unnamed([*sizes[:at], 99, *sizes[at:]]))
    assert count(comparison) == {"added": 1, "removed": 0, "changed": 0, "moved": len(sizes) - at}
    (added,) = [each for each in comparison.layers if each.change == "added"]
    assert added.path == f"Linear-{at + 1}"


@given(st.lists(st.integers(1, 3), min_size=1, max_size=8), st.data())
@briefly
def test_what_is_renamed_in_place_is_moved(sizes: list[int], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sizes) - 1))
    rows = [("abcdefgh"[number], size) for number, size in enumerate(sizes)]
    other = [("head", size) if number == at else (name, size) for number, (name, size) in enumerate(rows)]
    (moved,) = compare(named(rows), named(other)).layers
    assert (moved.change, moved.old_path, moved.path) == ("moved", rows[at][0], "head")
    assert (moved.arguments, moved.metrics) == ([], [])


@given(st.integers(2, 20), st.data())
@briefly
def test_one_round_that_changes_is_told_alone(rounds: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, rounds - 1))
    parts = [(0, at, 8), (at, 1, 9), (at + 1, rounds - at - 1, 8)]
    old = model([layer(f"h.0.{name}", repeat=rounds) for name in "ab"])
    new = [layer(f"h.{start}.a", size, repeat=repeat) for start, repeat, size in parts if repeat]
    same = [layer(f"h.{start}.b", repeat=repeat) for start, repeat, _ in parts if repeat]
    rows = [row for pair in zip(new, same, strict=True) for row in pair]
    for one, other, sizes in ((old, model(rows), [8, 9]), (model(rows), old, [9, 8])):
        (changed,) = compare(one, other).layers
        assert (changed.change, changed.path, changed.repeat) == ("changed", f"h.{at}.a", 1)
        assert changed.arguments == [ArgumentChange(name="size", old=sizes[0], new=sizes[1])]
        assert {change.difference for change in changed.metrics} == {sizes[1] - sizes[0]}


def test_a_number_that_counts_no_rounds_cuts_nothing() -> None:
    """`stage1` is a name, and `stage2` is another: rounds of the one are not those of the other."""
    old = model([layer("stage1.Linear-1", repeat=12)])
    new = model([layer("stage1.Linear-1", repeat=12), layer("stage2.Linear-1", repeat=12)])
    (added,) = compare(old, new).layers
    assert (added.change, added.path, added.repeat) == ("added", "stage2.Linear-1", 12)


def test_rows_are_not_cut_into_many_times_more() -> None:
    """A thousand rows of a thousand rounds beside a version with a row for each round would be a million pieces."""
    old = model([layer(f"h.0.a{number}", repeat=1_000) for number in range(1_000)])
    new = model([layer(f"h.{number}.b") for number in range(1_000)])
    assert {each.old_repeat for each in compare(old, new).layers} == {1_000}


def test_a_repeat_that_grew_is_one_change() -> None:
    old, new = model([layer("h.0.a", repeat=12)]), model([layer("h.0.a", repeat=24)])
    (grown,) = compare(old, new).layers
    assert (grown.change, grown.old_repeat, grown.repeat) == ("changed", 12, 24)
    assert {change.difference for change in grown.metrics} == {96}


WEIGHT = Tensor(name="weight", kind="parameter", axes=[], dtype="float32", trainable=True, count=8, owner=None)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"tensors": [WEIGHT.model_copy(update={"dtype": "int8"})]}, ("dtype", "float32", "int8")),
        ({"tensors": [WEIGHT.model_copy(update={"trainable": False})]}, ("trainable", True, False)),
        ({"tensors": [WEIGHT.model_copy(update={"owner": "a.weight"})]}, ("tie", None, {"weight": "a.weight"})),
        ({"inputs": ["input", "a"]}, ("inputs", ["a"], ["input", "a"])),
        ({"outputs": {"output": TensorType(shape=[8], dtype="int64")}}, ("output_dtype", "float32", "int64")),
        ({"arguments": {"size": 8, "bias": None}}, ("bias", None, None)),
        ({"arguments": {"size": True}}, ("size", 8, True)),
    ],
)
def test_what_is_no_number_is_told_too(facts: dict[str, Any], told: tuple[str, Any, Any]) -> None:
    old = [layer("a"), layer("b", inputs=["a"], tensors=[WEIGHT])]
    new = [layer("a"), old[1].model_copy(update=facts)]
    (changed,) = compare(model(old), model(new)).layers
    name, before, after = told
    assert (changed.change, changed.path) == ("changed", "b")
    assert changed.arguments == [ArgumentChange(name=name, old=before, new=after)]


def test_sides_that_are_not_there() -> None:
    one = named([("a", 3)])
    added, removed = compare(None, one), compare(one, None)
    assert (added.status, added.old_path, added.path, added.ok) == ("added", None, "model.yaml", True)
    assert (removed.status, removed.old_path, removed.path, removed.ok) == ("removed", "model.yaml", None, True)
    assert {(change.old, change.new, change.difference) for change in added.metrics} == {(None, 3, 3), (None, 0, 0)}
    assert {change.difference for change in removed.metrics} == {-3, 0}
    broken = compare(None, one, reason="old.yaml cannot be read")
    assert (broken.status, broken.reason, broken.ok) == ("not compared", "old.yaml cannot be read", True)
    assert (broken.metrics, broken.layers) == ([], [])
    assert not compare(one, None, reason="new.yaml cannot be read").ok
    with pytest.raises(ValueError, match="no model"):
        compare(None, None)


@given(st.integers(1, 10**30), st.integers(-9, 9) | st.integers(-(10**30), 10**31))
def test_rounding_hides_no_change(old: int, difference: int) -> None:
    new = max(0, old + difference)
    change = modelspec.comparison._change("parameters", old, new)
    assert change.difference == new - old
    assert change.percent is not None
    assert (change.percent == 0) == (new == old)
    assert (change.percent > 0) == (new > old)
    assert (change.percent == -100) == (new == 0)
    assert (change.percent == 100) == (new == 2 * old)
    assert abs(change.percent - 100 * (new - old) / old) <= 0.0101 + abs(change.percent) * 1e-12


@given(st.lists(st.integers(0, 4), max_size=14), st.lists(st.integers(0, 4), max_size=14))
def test_alignment_is_in_order_and_as_long_as_can_be(old: list[int], new: list[int]) -> None:
    found = align(old, new)
    assert all(old[one] == new[other] for one, other in found)
    assert all(one < next_one and other < next_other for (one, other), (next_one, next_other) in pairwise(found))
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, one in enumerate(old, 1):
        for j, other in enumerate(new, 1):
            same = longest[i - 1][j - 1] + 1 if one == other else 0
            longest[i][j] = max(same, longest[i - 1][j], longest[i][j - 1])
    assert len(found) == longest[-1][-1]


@given(st.lists(st.integers(0, 9), unique=True))
def test_rising_positions_are_as_many_as_can_be(numbers: list[int]) -> None:
    found = [numbers[at] for at in find_rising(numbers)]
    assert found == sorted(found)
    assert len(found) == len(align(numbers, sorted(numbers)))


def test_beyond_the_bound_layers_are_paired_by_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "MAX_CELLS", 0)
    comparison = compare(unnamed([1, 2, 3, 5]), unnamed([2, 1, 5, 6]))
    assert count(comparison) == {"added": 0, "removed": 0, "changed": 4, "moved": 0}


def test_more_layers_than_are_told_are_said_to_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelspec.comparison, "MAX_LAYERS", 3)
    comparison = compare(unnamed([1, 1, 1, 1]), unnamed([2, 2, 2, 2]))
    assert len(comparison.layers) == 3
    assert comparison.reason == "more than 3 layers differ; the first 3 are told"
    assert compare(unnamed([1, 1, 1]), unnamed([2, 2, 2])).reason is None


PLACE: dict[str, Any] = {"line": 9, "column": 24, "end_line": 9, "end_column": 26, "excerpt": "  growth: {}"}


def limit(metric: str, text: str, part: int, base: int | None = None, set_by: str | None = None) -> GrowthLimit:
    path = "model.yaml" if set_by is None else set_by
    return GrowthLimit(metric=metric, text=text, part=part, base=base, set_by=set_by, path=path, **PLACE)


def grow(old: int | None, new: int | None, *limits: GrowthLimit) -> tuple[list[GrowthLine], list[Diagnostic]]:
    one, other = named([("a", 1)]), named([("a", 1), ("b", 1)])
    before = one.model_copy(update={"totals": one.totals.model_copy(update={"parameters": old})})
    after = other.model_copy(
        update={"totals": other.totals.model_copy(update={"parameters": new}), "growth_limits": list(limits)}
    )
    return judge_growth(before, after)


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 300))
def test_growth_is_within_its_share_or_not(old: int, new: int, per_cent: int) -> None:
    (line,), found = grow(old, new, limit("parameters", f"{per_cent}%", per_cent, 100))
    within = 100 * (new - old) <= per_cent * old
    assert (line.ok, [told.code for told in found]) == (within, [] if within else ["MS507"])
    assert line.allowed == Share(per_cent, 100).of(old)
    if not within:
        assert f"{new - old - line.allowed:,} more than" in found[0].message


def test_the_message_on_growth() -> None:
    _, (told,) = grow(10_900_000, 12_100_000, limit("parameters", "5%", 5, 100))
    assert told.message == (
        "parameters: grew by 1,200,000 (11.01 %) from 10,900,000 to 12,100,000, "
        "655,000 more than the 5% (545,000) that it may"
    )
    assert (told.path, told.line, told.column, told.models) == ("model.yaml", 9, 24, ["model"])
    assert [place.message for place in told.related] == ["b: 1 more, a new layer"]
    assert told.measure is not None
    assert (told.measure.kind, told.measure.actual) == ("growth", 1_200_000)


@pytest.mark.parametrize(
    ("text", "part", "told"),
    [("100K", 100_000, "the 100K (100,000) that"), ("100_000", 100_000, "the 100,000 that"), ("0", 0, "the 0 that")],
)
def test_a_limit_in_numbers_is_told_once(text: str, part: int, told: str) -> None:
    _, (found,) = grow(0, 200_000, limit("parameters", text, part))
    assert told in found.message
    assert "%" not in found.message


def test_of_several_limits_the_tightest_is_told() -> None:
    loose, tight = limit("parameters", "50", 50), limit("parameters", "5%", 5, 100, "pyproject.toml")
    lines, (told,) = grow(100, 200, loose, tight)
    assert [(line.allowed, line.ok, line.set_by) for line in lines] == [(50, False, None), (5, False, "pyproject.toml")]
    assert "the 5% (5) that it may" in told.message
    assert (told.path, told.line, told.column, told.excerpt) == ("model.yaml", 1, 1, "")
    assert (told.related[0].path, told.related[0].line) == ("pyproject.toml", 9)


@pytest.mark.parametrize(
    ("old", "new", "when"), [(None, None, "before and now"), (None, 5, "before"), (5, None, "now")]
)
def test_what_is_not_known_is_not_within_a_limit(old: int | None, new: int | None, when: str) -> None:
    lines, (told,) = grow(old, new, limit("parameters", "5%", 5, 100), limit("parameters", "1", 1))
    assert {(line.ok, line.growth) for line in lines} == {(False, None)}
    assert told.code == "MS508"
    assert told.message.startswith(f"parameters: not known {when}, so its growth cannot be held to")
    assert told.hint == "give every axis a size in `input`"


def test_what_has_errors_is_not_judged() -> None:
    well = named([("a", 1)])
    wrong = well.model_copy(update={"ok": False, "totals": Totals(**dict.fromkeys(METRICS))})
    for old, new in ((well, wrong), (wrong, well)):
        limited = new.model_copy(update={"growth_limits": [limit("parameters", "0", 0)]})
        (line,), found = judge_growth(old, limited)
        assert (line.ok, found) == (None, [])


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_comparison_is_told(case: Path) -> None:
    report = compare_versions((case / "old.yaml").read_bytes(), (case / "new.yaml").read_bytes(), "model.yaml")
    assert Report.model_validate_json(report.to_json()).comparisons == report.comparisons
    for name, shown in (("text.txt", text.show_report(report)), ("comment.md", markdown.show_report(report))):
        expected = case / name
        if RECORD:
            expected.write_bytes(shown.encode())
        assert expected.exists(), f"no text is recorded for {case.name}: {shown}"
        assert shown == expected.read_bytes().decode()


def test_every_code_of_comparisons_has_a_case() -> None:
    told = "".join((case / "text.txt").read_text(encoding="utf-8") for case in CASES)
    assert set(re.findall(r"MS50\d", told)) == COMPARED


@pytest.mark.parametrize(
    ("difference", "percent", "shown"),
    [
        (1_200_000, 11.01, "+1,200,000 (+11.01 %)"),
        (-300, None, "−300"),
        (-300, -0.01, "−300 (−0.01 %)"),
        (0, 0.0, "±0"),
        (None, None, "?"),
    ],
)
def test_differences_are_signed(difference: int | None, percent: float | None, shown: str) -> None:
    assert show_difference(difference, percent) == shown


counts = st.none() | st.integers(0, 10**7) | st.integers(10**24, 10**30)
statuses = st.sampled_from(["added", "removed", "changed", "unchanged", "not compared"])


@st.composite
def changes(draw: st.DrawFn, metric: str) -> Change:
    old, new = draw(counts), draw(counts)
    return modelspec.comparison._change(metric, old, new)


@st.composite
def layer_changes(draw: st.DrawFn) -> LayerChange:
    value = st.none() | st.booleans() | st.integers() | names | st.lists(st.integers(0, 99), max_size=3)
    return LayerChange(
        change=draw(st.sampled_from(["added", "removed", "changed", "moved"])),
        path=draw(names),
        old_path=draw(names),
        type=draw(st.sampled_from(["Linear", "ReLU"])),
        old_type="Linear",
        line=1,
        repeat=draw(st.sampled_from([1, 12])),
        old_repeat=1,
        output_shape=draw(st.lists(st.none() | st.integers(1, 99), max_size=3)),
        old_output_shape=[8],
        arguments=draw(st.lists(st.builds(ArgumentChange, name=names, old=value, new=value), max_size=2)),
        metrics=[draw(changes(metric)) for metric in ("parameters", "macs")],
    )


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    growth = st.builds(
        GrowthLine,
        metric=st.sampled_from(METRICS),
        limit=st.sampled_from(["5%", "100M", "3"]),
        allowed=st.none() | st.integers(0, 99),
        growth=st.none() | st.integers(-9, 999),
        ok=st.none() | st.booleans(),
        set_by=st.none() | names,
    )
    return Comparison(
        path=draw(st.none() | names),
        old_path=draw(st.none() | names),
        name=draw(names),
        variant=draw(st.none() | names),
        status=draw(statuses),
        reason=draw(st.none() | names),
        ok=draw(st.booleans()),
        metrics=[draw(changes(metric)) for metric in draw(st.sampled_from([METRICS, ()]))],
        layers=draw(st.lists(layer_changes(), max_size=3)),
        growth=draw(st.lists(growth, max_size=2)),
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    against = st.none() | st.builds(Against, revision=names, commit=st.none() | names)
    several = draw(st.lists(comparisons(), max_size=3))
    return Report(ok=draw(st.booleans()), models=[], diagnostics=[], against=draw(against), comparisons=several)


@given(reports(), st.integers(70, 120))
@briefly
def test_no_line_is_wider_than_the_terminal(report: Report, width: int) -> None:
    drawn = text.show_report(report, width=width)
    assert all(char.isprintable() or char == "\n" for char in drawn)
    assert re.sub(r"\x1b\[[\d;]*m", "", text.show_report(report, width=width, color=True)) == drawn
    for line in drawn.splitlines():
        assert columns(line) <= width, line


@given(reports())
@briefly
def test_nothing_in_a_comment_is_markup_outside_of_code(report: Report) -> None:
    shown = markdown.show_report(report)
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert shown.startswith("<!-- modelspec -->\n## ")
    bare = re.sub(r"`[^`\n]*`", "", shown.removeprefix("<!-- modelspec -->"))
    bare = re.sub(
        r"</?(code|details|summary)>|<br>|&#\d+;|\*\*(beyond|not known)\*\*|^#+ ", "", bare, flags=re.MULTILINE
    )
    assert not set(bare) & set("`<>&*@[]\\!$#"), bare


@given(reports())
@briefly
def test_tables_of_a_comment_keep_their_columns(report: Report) -> None:
    lines = markdown.show_report(report).splitlines()
    for start, line in enumerate(lines):
        if line.startswith("|") and set(line) <= set("|:-"):
            row = start - 1
            while row < len(lines) and lines[row].startswith("|"):
                assert lines[row].count("|") == line.count("|"), lines[row]
                row += 1
            assert row == len(lines) or lines[row] == ""


@pytest.mark.parametrize("name", ["model", "😀" * 40, "`" * 60])
def test_a_comment_fits_and_says_what_is_cut(name: str) -> None:
    """Many models with many layers and many findings: the verdict and the failures stay, details go first."""
    old, new = unnamed([1] * 60), unnamed([2] * 60)
    one = compare(old, new).model_copy(update={"name": name})
    several = [one.model_copy(update={"path": f"{number}.yaml", "ok": number != 299}) for number in range(300)]
    _, (finding,) = grow(1, 9, limit("parameters", "0", 0))
    report = Report(ok=False, models=[], diagnostics=[finding] * 500, comparisons=several)
    shown = comment.show_comment(report)
    assert len(shown.encode("utf-16-le")) // 2 <= comment.LIMIT
    assert "## ❌ modelspec: 500 problems\n" in shown
    first = next(line for line in shown.splitlines() if line.startswith(("| ❌", "| ✅")))
    assert first.startswith("| ❌")
    assert re.search(r"^[\d,]+ more models are left out", shown, re.MULTILINE)
    assert re.search(r"^[\d,]+ more findings are left out", shown, re.MULTILINE)
    assert re.search(r"^The details of [\d,]+ models are left out", shown, re.MULTILINE)
    assert shown.count("<details>") == shown.count("</details>")


def test_a_model_with_more_layers_than_fit_is_told_in_part() -> None:
    one = compare(unnamed([1] * 2_000), unnamed([2] * 2_000))
    shown = comment.show_comment(Report(ok=True, models=[], diagnostics=[], comparisons=[one]))
    assert comment.LIMIT * 3 // 4 < len(shown) <= comment.LIMIT
    told = shown.count("| changed |")
    assert f"{2_000 - told:,} more layers left out" in shown


@given(nasty)
def test_a_finding_cannot_leave_its_block(message: str) -> None:
    _, (finding,) = grow(1, 9, limit("parameters", "0", 0))
    told = finding.model_copy(update={"message": message + "\n```\n# out", "excerpt": message})
    shown = comment.show_comment(Report(ok=False, models=[], diagnostics=[told], comparisons=[]))
    fence = re.search(r"^(`+)text\n", shown, re.MULTILINE)
    assert fence is not None
    inside = shown[fence.end() :]
    assert inside.count(fence[1]) == 1
    assert inside.rstrip("\n").endswith(f"\n{fence[1]}")
