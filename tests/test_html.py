"""The page: it holds every number, loads nothing, is valid HTML, and takes nothing that a user wrote for markup.

What a browser makes of it is in tests/test_browser.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib
import pytest
from hypothesis import given

from modelspec.cli.check import check
from modelspec.cli.diff import diff
from modelspec.cli.report import report as report_on
from modelspec.limit import METRICS
from modelspec.render import html
from modelspec.render.cells import harmless
from modelspec.render.changes import LABELS
from modelspec.render.html import graph, parts, writing
from modelspec.render.wiring import wire
from modelspec.render.working import list_counts, list_holdings
from modelspec.report import Layer, Model, Report
from modelspec.road import describe_part, follow, join
from modelspec.versions import Pair, add_comparisons
from tests.drawn import NASTY, briefly, nasty, reports

HERE = Path(__file__).resolve().parent
ZOO = HERE.parent / "specs" / "zoo"

SPEC = """\
modelspec: 1
name: digits
input: [1, 28, 28]
layers:
  - {name: body.conv, type: Conv2d, out_channels: 8, kernel_size: 3}
  - ReLU
  - {name: body.pool, type: MaxPool2d, kernel_size: 2}
  - Flatten
  - {name: head, type: Linear, out_features: 10}
budget: {parameters: 15K, macs: 100K}
"""
HUGE = 2**53 + 1
"""What a number of JavaScript cannot hold."""


def part_of(text: str, path: str = "spec.yaml") -> Any:
    return describe_part(follow(text.encode(), path), derivations=True)


def report_of(*texts: str) -> Report:
    return join([part_of(text, f"spec{number}.yaml") for number, text in enumerate(texts)])


def compare(old: str, new: str) -> Report:
    part = part_of(new)
    return add_comparisons(join([part]), [Pair(part, part_of(old))])


@pytest.fixture(scope="module")
def cases() -> list[Report]:
    """The report on each case that is well, and on some of those that are not, with how the numbers come about."""
    paths = [*sorted(HERE.glob("cases/pass/*.yaml")), *sorted(HERE.glob("cases/fail/*.yaml"))[::5]]
    found = [describe_part(follow(path.read_bytes(), path.name), derivations=True) for path in paths]
    assert len(found) > 80
    return [*(join([part]) for part in found), join(found[-30:])]


class Page:
    """A page as a strict parser of HTML reads it; what it finds wrong is an error."""

    def __init__(self, text: str) -> None:
        self.source = text
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        self.root = parser.parse(text)
        self.all = list(self.root.iter())
        assert all(isinstance(one.tag, str) for one in self.all), "a comment is on the page"

    def list(self, name: str) -> list[Any]:
        return [one for one in self.all if one.tag.rpartition("}")[2] == name]

    @property
    def text(self) -> str:
        """What is there to read, without style and script."""
        return "".join(_read(self.root))

    @property
    def trees(self) -> list[Any]:
        """What the treemaps are drawn from."""
        return [json.loads(one.text) for one in self.list("script") if one.get("type") == "application/json"]


def _read(element: Any) -> Iterator[str]:
    if element.tag in ("style", "script", "wbr"):
        yield element.tail or ""
        return
    # What is in two cells is two words.
    apart = " " if element.tag.rpartition("}")[2] in ("td", "th", "dt", "dd", "li", "p", "text", "option") else ""
    yield apart + (element.text or "")
    for child in element:
        yield from _read(child)
    yield apart + (element.tail or "")


def list_counts_of(model: Model) -> Iterator[int | None]:
    for metric in METRICS:
        yield getattr(model.totals, metric)
        if metric in Layer.model_fields:
            yield from (getattr(layer, metric) for layer in model.layers)
    yield from (tensor.count for layer in model.layers for tensor in layer.tensors)
    for line in model.budget:
        yield line.actual
        yield from line.limit.model_dump().values()


def check_page(report: Report) -> Page:
    """What holds for every page."""
    page = Page(html.show_report(report))
    check_policy(page)
    check_structure(page)
    return page


def check_policy(page: Page) -> None:
    """It loads nothing, and what it runs is what the package holds."""
    (policy,) = [one.get("content") for one in page.list("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules.keys() == {"default-src", "style-src", "script-src", "img-src", "base-uri", "form-action"}
    assert rules["img-src"] == "data:"
    for kind, name in (("style", "style-src"), ("script", "script-src")):
        (own,) = [one.text for one in page.list(kind) if one.get("type") is None]
        hashed = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{hashed}'"
    for one in page.all:
        for name, value in one.attrib.items():
            assert name not in ("src", "srcset", "style", "data", "action", "poster"), name
            assert not name.startswith("on"), name
            if name.rpartition("}")[2] == "href":
                assert value.startswith("#"), value
    assert not page.list("link") + page.list("img") + page.list("iframe") + page.list("object") + page.list("base")
    assert "@import" not in page.source
    assert "url(" not in page.list("style")[0].text


def check_structure(page: Page) -> None:
    """Ids are distinct and what refers to them finds them; headings do not skip a level; tables have their heads."""
    found = [one.get("id") for one in page.all if one.get("id") is not None]
    assert len(found) == len(set(found))
    for one in page.all:
        for name in ("aria-labelledby", "for"):
            assert one.get(name) is None or one.get(name) in found
        href = one.get("href")
        assert href is None or href[1:] in found, href
    labelled = [one.get("for") for one in page.list("label")]
    assert all(one.get("id") in labelled for one in page.list("input"))
    level = 0
    for one in page.all:
        if re.fullmatch("h[1-6]", one.tag):
            assert int(one.tag[1]) <= level + 1
            level = int(one.tag[1])
    assert len(page.list("h1")) == len(page.list("main")) == len(page.root.findall("head/title")) == 1
    assert page.root.get("lang") == "en"
    assert all(one.get("scope") in ("col", "row", "colgroup") for one in page.list("th"))
    assert all(one.find("caption") is not None for one in page.list("table"))
    for one in page.list("svg"):
        assert one.get("aria-hidden") == "true" or one.get("aria-label")


def check_numbers(report: Report, page: Page) -> None:
    """Every count is on the page with all of its digits."""
    printed = set(re.findall(r"\d(?:[\d,]*\d)?", page.text))
    for model in report.models:
        for count in list_counts_of(model):
            assert count is None or f"{count:,}" in printed, count
    for comparison in report.comparisons or ():
        for change in (*comparison.metrics, *(one for layer in comparison.layers for one in layer.metrics)):
            if change.metric in ("parameters", "macs") or change in comparison.metrics:
                for count in (change.old, change.new, change.difference):
                    assert count is None or f"{abs(count):,}" in printed, count


def test_every_case_is_a_valid_page_with_all_its_numbers(cases: list[Report]) -> None:
    for report in cases:
        check_numbers(report, check_page(report))


@briefly
@given(reports(nasty))
def test_what_a_user_wrote_is_no_more_than_text(report: Report) -> None:
    page = check_page(report)
    known = {"html", "head", "meta", "title", "style", "body", "script", "a", "header", "div", "p", "h1", "h2", "h3",
             "button", "main", "section", "span", "nav", "table", "caption", "thead", "tbody", "tr", "th", "td", "ol",
             "ul", "li", "b", "i", "pre", "code", "dl", "dt", "dd", "figure", "figcaption", "details", "summary", "svg",
             "g", "rect", "circle", "path", "text", "tspan", "label", "input", "output", "footer", "wbr"}  # fmt: skip
    assert {one.tag.rpartition("}")[2] for one in page.all} <= known
    text = page.text
    for model in report.models:
        for name in (model.path, *(layer.path for layer in model.layers)):
            assert harmless(name) in text
    for one in report.diagnostics:
        assert harmless(one.message) in text
    assert page.source.isprintable() or set(page.source) - {"\n"} == {c for c in page.source if c.isprintable()}


HOSTILE = [*NASTY, "</script><script>alert(1)</script>", "</style>", '"><img src=x onerror=alert(1)>', "<!--<script>"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_ends_no_element(name: str) -> None:
    report = report_of(SPEC)
    (model,) = report.models
    layers = [layer.model_copy(update={"path": f"{name}.{name}"}) for layer in model.layers[:1]]
    hostile = model.model_copy(update={"name": name, "layers": [*layers, *model.layers[1:]]})
    page = check_page(report.model_copy(update={"models": [hostile]}))
    assert len(page.list("script")) == 2
    (tree,) = page.trees
    told = json.dumps(tree)
    assert name in json.loads(json.dumps([one["n"] for one in flatten(tree)])) or "." in name or told
    assert harmless(name) in page.text


def flatten(tree: Any) -> Iterator[Any]:
    yield tree
    for below in tree.get("c", ()):
        yield from flatten(below)


def test_numbers_that_javascript_cannot_hold_are_exact() -> None:
    report = report_of(SPEC)
    (model,) = report.models
    layer = model.layers[0].model_copy(update={"parameters": HUGE, "macs": 10**400 + 7})
    totals = model.totals.model_copy(update={"parameters": HUGE, "macs": 10**400 + 7})
    large = model.model_copy(update={"layers": [layer], "totals": totals})
    page = check_page(report.model_copy(update={"models": [large]}))
    leaf = [one for one in flatten(page.trees[0]) if one.get("r") == 0]
    assert [(one["p"], one["m"], one["a"], one["b"]) for one in leaf] == [(f"{HUGE:,}", f"{10**400 + 7:,}", 1.0, 1.0)]
    assert f"{HUGE:,}" in page.text
    assert f"{10**400 + 7:,}" in page.text


@pytest.mark.parametrize("spec", ["resnet_basic.yaml", "gpt2.yaml", "mixtral.yaml"])
def test_areas_add_up_to_the_whole(spec: str) -> None:
    report = join([describe_part(follow((ZOO / spec).read_bytes(), spec), derivations=True)])
    page = check_page(report)
    for tree, model in zip(page.trees, report.models, strict=True):
        leaves = [one for one in flatten(tree) if "r" in one]
        assert [one["r"] for one in leaves] == list(dict.fromkeys(one["r"] for one in leaves))
        assert {one["r"] for one in leaves} == set(range(len(model.layers)))
        assert tree["p"] == f"{model.totals.parameters:,}"
        assert sum(one["a"] for one in leaves) == pytest.approx(1, abs=1e-6)
        for one in flatten(tree):
            if one.get("c"):
                assert sum(below["a"] for below in one["c"]) == pytest.approx(one["a"], abs=1e-6)


def test_a_graph_has_every_layer_and_what_flows() -> None:
    report = join([describe_part(follow((ZOO / "resnet_bottleneck.yaml").read_bytes(), "resnet.yaml"))])
    model = next(model for model in report.models if model.variant == "resnet152")
    page = check_page(report.model_copy(update={"models": [model]}))
    folded, whole = [one for one in page.list("svg") if one.get("role") == "group"]
    for drawn, most in ((folded, graph.FEW), (whole, len(model.layers))):
        links = [one.get("href") for one in drawn.iter() if one.tag.endswith("}a")]
        assert len(links) <= most
        assert links == sorted(links, key=lambda link: int(link.rpartition("l")[2]))
    assert len(links) == len(model.layers)
    read = {source for sources in wire(model) for source in sources}
    assert len([one for one in whole.iter() if one.get("class") == "wire"]) == len(read)
    assert "".join(whole.itertext()).count("layer3") > 1
    assert "1 × 35" in ["".join(one.itertext()) for one in whole.iter() if one.get("class") == "level"]


def test_a_graph_that_is_too_large_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = SPEC.replace("  - ReLU\n", "".join(f"  - {{name: act{number}, type: ReLU}}\n" for number in range(50)))
    assert len(check_page(report_of(flat)).root.findall(".//div[@class='scroll graph']")) == 1, (
        "there is nothing to fold"
    )
    monkeypatch.setattr(graph, "MANY", 20)
    page = check_page(report_of(flat))
    assert page.root.findall(".//div[@class='scroll graph']") == []
    assert "A graph of all 54 rows is not drawn" in page.text


def test_derivations_are_those_of_explain() -> None:
    report = report_of(SPEC)
    text = check_page(report).text
    for layer in report.models[0].layers:
        derivation = layer.derivation()
        assert derivation is not None
        for told in (*list_counts(derivation), *list_holdings(derivation)):
            assert not told.equal or " = ".join(told.parts) in text
    assert "(in_features + 1) × out_features = (1352 + 1) × 10 = 13,530" in text
    assert "out_channels 8 × in_channels 1 × kernel_size[0] 3" in text


def test_derivations_are_made_for_the_page_alone(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    spec, shown = str(tmp_path / "spec.yaml"), tmp_path / "page.html"
    for command in (
        lambda: check([spec], format="html", output=str(shown)),
        lambda: report_on([spec], format="html", output=str(shown), jobs=2),
        lambda: diff(spec, spec, format="html", output=str(shown)),
    ):
        assert command() == 0
        assert "(in_features + 1) × out_features" in shown.read_text(encoding="utf-8").replace("</span>", "")
    plain = describe_part(follow(SPEC.encode(), "spec.yaml"))
    assert [layer.derivation() for layer in plain.models[0].layers] == [None] * 5


def test_the_verdict_comes_first_and_says_by_how_much() -> None:
    page = check_page(report_of(SPEC.replace("out_channels: 8", "out_channels: 9")))
    told = page.text[page.text.index("modelspec report") :]
    assert re.search(r"1 problem\.\s+parameters 310 over ≤ 15,000 \(2\.1 %\)", told[:200])
    assert "✕ 310 over" in told
    assert "✓ met" in told
    bars = [one for one in page.list("rect") if one.get("class") == "out"]
    assert len(bars) == 1, "one limit is exceeded"


def test_an_overrun_of_one_can_be_seen() -> None:
    drawn = writing.bar(10**9 + 1, 10**9)
    assert 'class="out" x="990" width="10"' in drawn
    assert "out" not in writing.bar(10**9, 10**9)


def test_several_models_have_an_index_with_the_worst_first() -> None:
    page = check_page(report_of(SPEC, SPEC.replace("digits", "wide").replace("15K", "1K")))
    (nav,) = page.list("nav")
    links = [(one.get("href"), one.text) for one in nav.iter() if one.tag == "a"]
    assert links == [("#m1", "wide"), ("#m0", "digits")]


def test_a_comparison_has_both_sides() -> None:
    report = compare(SPEC, SPEC.replace("out_features: 10", "out_features: 12").replace("  - ReLU\n", "  - GELU\n"))
    page = check_page(report)
    check_numbers(report, page)
    assert re.search(r"Parameters\s+13,610\s+16,316\s+\+2,706 \(\+19\.88 %\)", page.text)
    old, new = page.trees[:2]
    assert {one["n"]: one["k"] for one in flatten(new) if "k" in one} == {"GELU-2": "+", "head": "~"}
    assert {one["n"]: one["k"] for one in flatten(old) if "k" in one} == {"ReLU-2": "-", "head": "~"}
    assert "out_features 10 → 12" in page.text


@briefly
@given(reports(nasty))
def test_metrics_of_a_comparison_are_told(report: Report) -> None:
    text = html.show_report(report)
    for comparison in report.comparisons or ():
        for change in comparison.metrics:
            assert LABELS[change.metric] in text


def test_what_is_cut_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS", 3)
    monkeypatch.setattr(writing, "DERIVED", 2)
    monkeypatch.setattr(parts, "LISTED", 1)
    page = check_page(report_of(SPEC))
    assert "3 of 5 rows are listed" in page.text
    assert "2 of 3 rows unfold" in page.text
    assert "The first 1 parts are listed" in page.text
    assert len([one for one in page.list("dl") if one.get("class") == "steps"]) == 2
    whole = Page(html.show_report(report_of(SPEC.replace("15K", "16K")))) if not monkeypatch.undo() else page
    assert "are listed" not in whole.text
    assert "rows unfold" not in whole.text


def test_equal_blocks_are_one_row_however_many() -> None:
    many = SPEC.replace("  - ReLU\n", "  - {name: blocks, repeat: 100000, layers: [{name: act, type: ReLU}]}\n")
    page = check_page(report_of(many))
    assert "× 100,000" in page.text
    assert len(page.source) < 200_000


def test_a_page_without_models_says_so() -> None:
    page = check_page(report_of("modelspec: 1\nlayers: {\n"))
    assert "No models" in page.text
    assert "MS101" in page.text
