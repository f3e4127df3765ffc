"""The page in a real browser: nothing is asked of any network, and everything on it works and can be perceived.

Needs the extra `browser` and a Chromium: Debian's package `chromium`, or a path in MODELSPEC_CHROMIUM.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelspec.cli.check import check
from modelspec.cli.diff import diff
from modelspec.cli.report import report

ROOT = Path(__file__).resolve().parent.parent
ZOO = ROOT / "specs" / "zoo"
CHROMIUM = os.environ.get("MODELSPEC_CHROMIUM") or shutil.which("chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = """\
modelspec: 1
name: "</script><script>document.title='taken'</script><img src=x onerror=document.title='taken'>"
input: [4]
layers:
  - {name: "<img src=x onerror=document.title='taken'>", type: Linear, out_features: 4}
  - {name: "</script><script>document.title='taken'</script>", type: Linear, out_features: 4}
  - {name: "]]><!--<script>", type: Linear, out_features: 4}
budget: {parameters: 50}
"""

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the extra 'browser' has it")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra 'browser' is not installed")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here: install it, or name one in MODELSPEC_CHROMIUM"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind: a model, several, a comparison, one that fails, one with names that are markup."""
    folder = tmp_path_factory.mktemp("pages")
    made = {name: folder / f"{name}.html" for name in ("one", "several", "diff", "open", "fail", "hostile")}
    resnet = str(ZOO / "resnet_bottleneck.yaml")
    assert report([resnet], variant="resnet50", format="html", output=str(made["one"])) == 0
    assert (
        report([str(ZOO / "mixtral.yaml"), str(ZOO / "lenet5.yaml")], format="html", output=str(made["several"])) == 0
    )
    assert report([str(ZOO / "gpt2.yaml")], variant="small", format="html", output=str(made["open"])) == 0
    old = ROOT / "specs" / "seeds" / "custom_ffn_v5.yaml"
    new = folder / "new.yaml"
    new.write_text(old.read_text(encoding="utf-8").replace("hidden_dim: 32", "hidden_dim: 48"), encoding="utf-8")
    diff(str(old), str(new), format="html", output=str(made["diff"]))
    cases = ROOT / "tests" / "cases" / "fail"
    wrong = [str(cases / f"{name}.yaml") for name in ("misspelt-key", "alias")]
    assert check(wrong, format="html", output=str(made["fail"])) == 1
    (folder / "hostile.yaml").write_text(HOSTILE, encoding="utf-8")
    assert check([str(folder / "hostile.yaml")], format="html", output=str(made["hostile"])) == 1
    return made


class Visit:
    """A page that is open, and what came of it: what it asked for, and what its console says."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.url = path.as_uri()
        self.page.goto(self.url)

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, kind: Any, *_: Any) -> None:
        # The first look of a treemap waits for its size.
        self.page.wait_for_timeout(50)
        self.context.close()
        if kind is None:
            assert self.requests == [self.url]
            assert self.complaints == []


KINDS = ["one", "several", "diff", "open", "fail", "hostile"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(browser: Any, pages: dict[str, Path], kind: str, scheme: str) -> None:
    with Visit(browser, pages[kind], color_scheme=scheme) as page:
        # What is folded is to be perceived as well.
        page.evaluate("document.querySelectorAll('details').forEach((one, at) => { if (at < 40) one.open = true; })")
        page.wait_for_timeout(100)
        # The page's own policy keeps a script from being added: axe is run beside it.
        found = axe.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_scrolls_down_only(browser: Any, pages: dict[str, Path], kind: str) -> None:
    with Visit(browser, pages[kind], viewport={"width": 360, "height": 740}) as page:
        page.evaluate("document.querySelectorAll('details').forEach((one, at) => { if (at < 40) one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate("innerWidth") == 360


def test_names_are_no_code(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["hostile"]) as page:
        assert page.title().startswith("</script><script>document.title='taken'")
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 2
        # A treemap is drawn once it comes into view.
        page.locator(".field").first.scroll_into_view_if_needed()
        page.locator(".cell b", has_text="<img src=x").wait_for()
        assert page.locator(".cell b", has_text="<img src=x").count() == 1


def test_a_treemap_zooms_by_mouse_and_by_keyboard(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["one"]) as page:
        field = page.locator(".field")
        cell = field.get_by_role("button", name="layer4: 14,964,736 parameters, 58.6 %; zoom in")
        assert cell.bounding_box()["width"] > 300
        cell.click(position={"x": 5, "y": 5})
        assert page.locator(".trail").inner_text().split("\n")[-1] == "layer4: 14,964,736 parameters"
        first = field.get_by_role("button").first
        assert first.get_attribute("aria-label") == "1: 8,925,184 parameters, 34.9 %; zoom in"
        page.keyboard.press("Enter")
        assert page.locator(".trail").inner_text().split("\n")[-1] == "1: 8,925,184 parameters"
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        assert page.locator(".trail").inner_text() == "Whole model: 25,557,032 parameters"
        page.get_by_role("button", name="MACs", exact=True).first.click()
        assert page.locator(".trail").inner_text() == "Whole model: 4,089,184,256 MACs"
        field.get_by_role("button", name="fc (Linear)").click()
        row = page.locator(".layers > tbody", has=page.locator("summary", has_text="fc"))
        assert row.locator("tr.more").is_visible()


def test_areas_are_as_large_as_what_they_stand_for(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["several"]) as page:
        for field in page.locator(".field").all():
            field.scroll_into_view_if_needed()
            field.get_by_role("button").first.wait_for()
            shares = []
            for cell in field.get_by_role("button").all():
                box = cell.bounding_box()
                share = float(cell.get_attribute("aria-label").split(", ")[-1].split(" %")[0])
                shares.append((box["width"] * box["height"], share))
            whole = field.bounding_box()
            for area, share in shares:
                assert abs(100 * area / (whole["width"] * whole["height"]) - share) < 0.6


def test_what_is_not_known_has_no_area_and_says_so(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["open"]) as page:
        page.get_by_role("button", name="MACs", exact=True).first.click()
        assert page.locator(".field").inner_text() == "The MACs are not known before the model runs."


def test_layers_are_found_sorted_and_unfolded(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["one"]) as page:
        rows = page.locator(".layers > tbody")
        assert rows.count() == 95
        page.get_by_label("Find layers").fill("LAYER4 conv2d")
        assert page.locator(".layers > tbody:visible").count() == 7
        assert page.locator(".filter output").inner_text() == "7 of 95 rows"
        page.get_by_label("Find layers").fill("nothing of the kind")
        assert page.locator(".layers > tbody:visible").count() == 0
        page.get_by_label("Find layers").fill("")
        page.locator(".layers").get_by_role("button", name="Parameters").click()
        assert rows.first.locator("summary").inner_text() == "layer4.1.conv2 × 2"
        page.locator(".layers").get_by_role("button", name="Parameters").click()
        assert rows.first.locator("summary").inner_text() == "conv1"
        more = rows.first.locator("tr.more")
        assert not more.is_visible()
        rows.first.locator("summary").click()
        assert "118,013,952" in more.inner_text()
        assert "kernel_size: [7, 7]" in more.inner_text()
        page.get_by_role("button", name="Unfold all").click()
        assert page.locator("tr.more:visible").count() == 95


def test_the_theme_follows_the_system_and_the_switch(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["one"], color_scheme="dark") as page:

        def ground() -> str:
            return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

        dark = ground()
        switch = page.locator("#theme")
        switch.click()
        assert switch.inner_text() == "Theme: light"
        light = ground()
        assert light == "rgb(255, 255, 255)" != dark
        switch.click()
        page.emulate_media(color_scheme="light")
        assert (switch.inner_text(), ground()) == ("Theme: dark", dark)
        switch.click()
        assert (switch.inner_text(), ground()) == ("Theme: auto", light)


def test_a_node_of_the_graph_leads_to_its_layer(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["one"]) as page:
        page.locator(".graph a", has_text="fc Linear").first.click()
        row = page.locator(".layers > tbody").last
        assert row.locator("tr.more").is_visible()
        assert row.locator("summary").evaluate("one => one.getBoundingClientRect().top > 0")


def test_on_paper_all_is_unfolded_and_no_control(browser: Any, pages: dict[str, Path], tmp_path: Path) -> None:
    with Visit(browser, pages["one"], color_scheme="dark") as page:
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("tr.more:visible").count() == 95
        assert page.locator("details.parts table").is_visible()
        assert page.locator("button:not(.cell, thead button):visible, input:visible").count() == 0
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
        assert not page.locator("details.parts table").is_visible()
        assert page.pdf(path=tmp_path / "page.pdf", format="A4").startswith(b"%PDF-")


def test_without_script_it_can_be_read(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["one"], java_script_enabled=False) as page:
        assert page.locator("details.parts table").is_visible()
        assert not page.locator(".map").is_visible()
        assert not page.locator(".filter").is_visible()
        page.locator(".layers summary").first.click()
        assert page.locator("tr.more:visible").count() == 1


def test_both_sides_of_a_comparison_are_drawn(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["diff"]) as page:
        old, new = page.locator(".pair .field").all()
        new.get_by_role("button").first.wait_for()
        assert old.bounding_box()["y"] == new.bounding_box()["y"]
        assert page.locator(".pair .cell.hit").count() > 4
        new.get_by_role("button").first.click()
        assert page.locator(".layers tr.more:visible").count() == 1
