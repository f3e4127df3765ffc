"""Laws of mending: a text is changed where it must be and nowhere else, in whatever style it is written.

Faults are planted in every bundled spec, each in every style; what was right before is right again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from modelspec import road
from modelspec.catalogue import list_names
from modelspec.cost import count
from modelspec.diagnostics import Edit, Finding, Route, Where
from modelspec.files import Text
from modelspec.fixing import mend
from modelspec.fixing.session import Draft, Wanted, work
from modelspec.fixing.tree import apply, is_same, reach, widen
from modelspec.rows import list_rows
from modelspec.source import Document, read
from modelspec.spelling import find_meant
from tests import planting

ROOT = Path(__file__).resolve().parent.parent
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))


def law(examples: int) -> settings:
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=checks)


# Styles


def as_block(text: str) -> str:
    return yaml.safe_dump(read(text.encode(), "").tree, sort_keys=False, default_flow_style=False, allow_unicode=True)


def as_quoted(text: str) -> str:
    """Every key in quotes, single and double in turn."""
    root, pieces, at = yaml.compose(text), [], 0
    for number, key in enumerate(sorted(_list_keys(root), key=lambda node: node.start_mark.index)):
        if key.style is None:
            quote = "'\""[number % 2]
            pieces += [text[at : key.start_mark.index], quote, key.value, quote]
            at = key.end_mark.index
    return "".join([*pieces, text[at:]])


def _list_keys(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield from _list_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _list_keys(value)


STYLES: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "no line end": lambda text: text.rstrip("\n"),
    "block": as_block,
    "quoted keys": as_quoted,
    "json": lambda text: json.dumps(read(text.encode(), "").tree, indent=2, ensure_ascii=False) + "\n",
    "compact json": lambda text: json.dumps(read(text.encode(), "").tree, separators=(",", ":")),
}
styles = st.sampled_from(sorted(STYLES))


def write(spec: Path, style: str) -> tuple[str, str]:
    """A spec in a style, and the path that it would have."""
    text = STYLES[style](spec.read_text(encoding="utf-8"))
    return text, str(spec.with_suffix(".json" if "json" in style else ".yaml"))


def follow(text: str, path: str) -> road.Outcome:
    return road.follow(text.encode(), path)


def amend(text: str, path: str, **wanted: bool) -> Draft:
    (draft,) = work([Text(path, text.encode(), None, path)], Wanted(**wanted))
    return draft


# Edits


SMALL = [
    "a: 1\nb: {c: 2, d: [x, y]}\n",
    "- a: 1\n  b: 2\n- c\n- {}\n",
    "a:\nb:\n  - c: 1 # hi\n    d:\n  - e\n# end\n",
    "{a: 1, # one\n b: 2, # two\n c: {}\n}\n",
    "a: [\n  1, # x\n  2,\n  {q: 1},\n]\nb: 'q'\n",
    "k: 'it''s'\nm: |\n  text\n  more\n\nn: >-\n  x\n",
    "a: {b, c: , d}\n",
    '"q": {"x": 1, \'y\': 2}\n',
    "a: &x {b: 1}\nc: 3\n",
    "größe:\n- {é: ü}   # ß\n-   - deep\n    - er\n",
]
VALUES = [3, 0.5, True, None, "ReLU", "max(8, 4)", "2 * w", "é ü", "yes", "a: b", "# x", "'q'", '"d"', [1, 2], {"a": 1}]


def list_routes(tree: Any, route: Route = ()) -> Iterator[Route]:
    yield route
    members = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in members:
        yield from list_routes(value, (*route, step))


@st.composite
def fixes(draw: st.DrawFn, tree: Any) -> tuple[Edit, ...]:
    routes = [route for route in list_routes(tree) if route]
    mappings = [route for route in list_routes(tree) if isinstance(reach(tree, route), dict)]
    words = [route for route in routes if isinstance(reach(tree, route), str) and isinstance(route[-1], int)]
    ways: dict[str, list[Route]] = {
        "set": routes,
        "add": mappings,
        "rename": [route for route in routes if isinstance(route[-1], str)],
        "remove": routes,
        "open": words,
    }
    way = draw(st.sampled_from([name for name, there in ways.items() if there]))
    route = draw(st.sampled_from(ways[way]))
    if way == "rename":
        return (Edit("rename", route, "a_new_name"),)
    if way == "remove":
        return (Edit("remove", route),)
    value = draw(st.sampled_from(VALUES))
    if way == "set":
        return (Edit("set", route, value),)
    return tuple([Edit("set", (*route, name), value) for name in draw(st.sampled_from([["new"], ["new", "newer"]]))])


@law(400)
@given(st.data(), styles)
def test_an_edit_is_made_and_nothing_else(data: st.DataObject, style: str) -> None:
    """In a text without aliases every edit can be made, and the rest of the text is the same, comments and all."""
    text = STYLES[style](data.draw(st.sampled_from(SMALL)))
    path = "a.json" if "json" in style else "a.yaml"
    document = read(text.encode(), path)
    fix = data.draw(fixes(document.tree))
    wanted = apply(document.tree, [widen(document.tree, edit) for edit in fix])
    mended = mend(document, [fix])
    assert mended.made == (fix,), text
    assert is_same(read(mended.text.encode(), path).tree, wanted)
    check_rest(document, text, mended.text, fix)


def check_rest(document: Document, text: str, after: str, fix: tuple[Edit, ...]) -> None:
    assert set(re.findall(r"\r?\n", after)) <= set(re.findall(r"\r?\n", text)) or "\n" not in text
    (edit, *_) = fix
    if edit.action == "rename" or (edit.action == "set" and is_scalar(document.tree, edit.route)):
        # One stretch is another: what is before and behind it is as it was.
        place = document.place(Where(edit.route, "key" if edit.action == "rename" else "value"))
        before, behind = count_common(text, after), count_common(text[::-1], after[::-1])
        lines = re.split(r"(?<=\n)", text)
        start = sum(map(len, lines[: place.line - 1])) + place.column - 1
        end = sum(map(len, lines[: place.end_line - 1])) + place.end_column - 1
        assert before >= start
        assert behind >= len(text) - end
    elif edit.action == "set" and not is_there(document.tree, edit.route):
        assert is_within(text, after)
    elif edit.action == "remove":
        assert is_within(re.sub(r" ?(\{\}|\[\])", "", after), text)


def is_there(tree: Any, route: Route) -> bool:
    return route in set(list_routes(tree))


def is_scalar(tree: Any, route: Route) -> bool:
    return is_there(tree, route) and not isinstance(reach(tree, route), (dict, list))


def count_common(one: str, other: str) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def is_within(part: str, whole: str) -> bool:
    """Whether all characters of one are in the other, in their order."""
    letters = iter(whole)
    return all(letter in letters for letter in part)


@law(100)
@given(st.data(), styles)
def test_several_edits_go_together_or_wait(data: st.DataObject, style: str) -> None:
    """What is made together is what each says; what is not made can be made by itself."""
    text = STYLES[style](data.draw(st.sampled_from(SMALL)))
    path = "a.json" if "json" in style else "a.yaml"
    document = read(text.encode(), path)
    several = data.draw(st.lists(fixes(document.tree), min_size=2, max_size=6))
    mended = mend(document, several)
    assert mended.made
    wanted = apply(document.tree, [widen(document.tree, edit) for fix in mended.made for edit in fix])
    assert is_same(read(mended.text.encode(), path).tree, wanted)


def test_what_an_alias_repeats_is_not_changed() -> None:
    text = "a: &x {b: 1, c: [2]}\nd: *x\ne: {f: *x}\n"
    document = read(text.encode(), "a.yaml")
    for route in [("a", "b"), ("a", "c"), ("a", "c", 0), ("d", "b"), ("e", "f", "c", 0)]:
        for edit in (Edit("set", route, 5), Edit("remove", route)):
            assert mend(document, [(edit,)]).text == text
    for route in [("a", "new"), ("d", "new"), ("e", "f", "new")]:
        assert mend(document, [(Edit("set", route, 5),)]).impossible
    # What is an alias itself can be another value.
    assert mend(document, [(Edit("set", ("d",), 5),)]).text == text.replace("d: *x", "d: 5")


@pytest.mark.parametrize("text", ["a: |+\n  x\n\n", "a: >+\n  x\n\n\n"])
def test_what_would_not_come_out_right_is_not_made(text: str) -> None:
    """Lines at the end of such a text are part of it: a key behind them would take them away. The rest is made."""
    text = f"b: {{c: 1}}\n{text}"
    document = read(text.encode(), "a.yaml")
    behind, inside = (Edit("set", ("d",), 1),), (Edit("set", ("b", "c"), 2),)
    mended = mend(document, [behind, inside])
    assert mended.impossible == (behind,)
    assert mended.made == (inside,)
    assert mended.text == text.replace("c: 1", "c: 2")


# Faults in every spec


@st.composite
def misspellings(draw: st.DrawFn, word: str) -> str:
    """A word with one slip: a letter missing, twice, exchanged with the next, or of another case."""
    at = draw(st.integers(0, len(word) - 2))
    slip = draw(st.sampled_from(["missing", "twice", "exchanged", "case"]))
    if slip == "missing":
        return word[:at] + word[at + 1 :]
    if slip == "twice":
        return word[: at + 1] + word[at:]
    if slip == "exchanged":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at].swapcase() + word[at + 1 :]


def list_words(tree: Any) -> list[tuple[Route, bool]]:
    """The ways to keys of entries and to types, and which of the two each is."""
    found: list[tuple[Route, bool]] = []
    for route in list_routes({"layers": tree["layers"]} if "layers" in tree else {}):
        value = reach(tree, route) if route else None
        if isinstance(value, dict) and "type" in value:
            found += [((*route, key), True) for key in value if len(key) > 5 and key not in ("layers", "branches")]
            found.append(((*route, "type"), False))
        elif isinstance(value, str) and isinstance(route[-1] if route else "", int) and value in list_names("torch"):
            found.append((route, False))
    return found


def plant(document: Document, text: str, route: Route, key: bool, wrong: str) -> str:
    place = document.place(Where(route, "key" if key else "value"))
    lines = re.split(r"(?<=\n)", text)
    start = sum(map(len, lines[: place.line - 1])) + place.column - 1
    old = str(route[-1] if key else reach(document.tree, route))
    at = text.index(old, start)
    assert at - start <= 1, "a quote at most is before it"
    return text[:at] + wrong + text[at + len(old) :]


@law(150)
@given(st.data(), st.sampled_from(SPECS), styles)
def test_a_misspelt_word_is_what_it_was(data: st.DataObject, spec: Path, style: str) -> None:
    """Byte for byte: wherever it stands, in whatever style."""
    text, path = write(spec, style)
    document = read(text.encode(), path)
    words = list_words(document.tree)
    assume(words)
    route, is_key = data.draw(st.sampled_from(words))
    word = str(route[-1] if is_key else reach(document.tree, route))
    wrong = data.draw(misspellings(word))
    planted = plant(document, text, route, is_key, wrong)
    broken = follow(planted, path)
    # A slip that is another word, or that may be of two, is nobody's to mend.
    assume(any(finding.fix for finding in broken.findings))
    draft = amend(planted, path, fix=True)
    assert draft.data.decode() == text
    assert draft.mended >= 1


def list_contradicted(text: str) -> list[tuple[str, str]]:
    return [(said, planted) for said, _, planted in planting.list_contradicted(text, 77777)]


@law(100)
@given(st.data(), st.sampled_from(SPECS), st.sampled_from(["as it is", "carriage returns", "block"]))
def test_a_wrong_size_is_what_arrives(data: st.DataObject, spec: Path, style: str) -> None:
    text, path = write(spec, style)
    sound = follow(text, path)
    places = list_contradicted(STYLES["block" if style == "block" else "as it is"](spec.read_text(encoding="utf-8")))
    assume(places)
    said, planted = data.draw(st.sampled_from(places))
    if style == "carriage returns":
        planted = planted.replace("\n", "\r\n")
    broken = follow(planted, path)
    named = [finding for finding in broken.findings if finding.fix]
    assume(named)
    assert {finding.code for finding in named} == {"MS304"}
    draft = amend(planted, path, fix=True)
    after = draft.data.decode()
    outcome = follow(after, path)
    assert outcome.findings == []
    assert totals(outcome) == totals(sound)
    argument = said.partition(":")[0]
    # The rest is as it was.
    left = [re.sub(rf"(, |\s+){argument}: \d+(?=\s*[,}}\r\n#]|$)", "", each) for each in (planted, after)]
    assert left[0] == left[1]


def totals(outcome: road.Outcome) -> list[Any]:
    told: list[Any] = []
    for model in outcome.models:
        rows = list_rows(model.graph)
        told.append((count(model.graph), [(row.path, row.repeat, row.fitted.output) for row in rows]))
    return told


@law(60)
@given(st.sampled_from(SPECS), styles)
def test_what_is_inferred_can_be_written(spec: Path, style: str) -> None:
    """The model stays the same, all that has one value is written, and the second time there is nothing to write."""
    text, path = write(spec, style)
    before = follow(text, path)
    draft = amend(text, path, inferred=True)
    after = follow(draft.data.decode(), path)
    assert after.findings == []
    assert str(totals(after)) == str(totals(before))
    again = amend(draft.data.decode(), path, inferred=True)
    assert again.data == draft.data
    assert is_within(re.sub(r"\s", "", text), re.sub(r"\s", "", draft.data.decode()))
    left: dict[tuple[Any, str], set[str]] = {}
    for model in after.models:
        for row in list_rows(model.graph):
            for name in row.fitted.inferred:
                left.setdefault((row.where, name), set()).add(repr(row.fitted.layer.arguments()[name]))
    lonely = [key for key, values in left.items() if len(values) == 1 and "?" not in str(values)]
    assert all("share" in reach(after.document.tree, where.route) for where, _ in lonely if not where.file), lonely


PINNED = [path for path in SPECS if "exactly" in path.read_text(encoding="utf-8")]


@law(60)
@given(st.data(), st.sampled_from(PINNED))
def test_stale_pins_are_brought_up_to_date(data: st.DataObject, spec: Path) -> None:
    """A width is changed: the tree differs at pins alone, and all of them hold."""
    text, path = write(spec, "as it is")
    places = list(planting.list_changed(text, 24))
    assume(places)
    _, _, changed = data.draw(st.sampled_from(places))
    codes = {finding.code for finding in follow(changed, path).findings}
    assume(codes == {"MS503"})
    draft = amend(changed, path, pins=True)
    after = follow(draft.data.decode(), path)
    assert draft.unpinned > 0 or after.findings == []
    old, new = read(changed.encode(), path).tree, after.document.tree
    differ = [route for route in list_routes(old) if is_scalar(old, route) and reach(old, route) != reach(new, route)]
    assert differ
    assert {route[-1] for route in differ} == {"exactly"}
    assert list(list_routes(old)) == list(list_routes(new))


def test_one_slip_is_surely_one_word() -> None:
    names = list_names("torch")
    assert [find_meant(word, names) for word in ("relu", "Linaer", "Cov2d", "conv2D", "Dropot")] == [
        "ReLU",
        "Linear",
        "Conv2d",
        "Conv2d",
        "Dropout",
    ]
    assert [find_meant(word, names) for word in ("Convd", "Softmx", "Conv4d", "ReLU7", "L", "BatchNorm")] == [None] * 6


NAMES = {
    "MS402": "{type: Linear, out_features: widht}",
    "MS408": "{block: mlq}",
    "MS410": "{block: mlp, with: {stirde: 2}}",
    "MS302": "{type: Add, inputs: [frist, input]}",
}


@pytest.mark.parametrize("code", NAMES)
def test_a_name_that_the_author_made_up_is_the_authors(code: str) -> None:
    """A variable, a block, its argument, a layer: which of two names is meant is not for us to say."""
    blocks = "blocks: {mlp: {arguments: {stride: 1}, layers: [ReLU]}}"
    layers = f"layers:\n  - {{name: first, type: ReLU}}\n  - {NAMES[code]}\n"
    found: list[Finding] = follow(f"modelspec: 1\nvariables: {{width: 8}}\ninput: [8]\n{blocks}\n{layers}", "").findings
    assert [(finding.code, finding.fix) for finding in found] == [(code, ())]
    assert "did you mean" in (found[0].hint or "")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_no_bundled_spec_is_changed(path: Path) -> None:
    text = path.read_bytes()
    (draft,) = work([Text(str(path), text, None, str(path))], Wanted(fix=True, pins=True))
    assert draft.data == text
