"""`modelspec init`: whatever is chosen of a starting point, the spec that is written passes, and asks nothing twice."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from modelspec import road
from modelspec.__main__ import run
from modelspec.cli.app import Template
from modelspec.limit import Share
from modelspec.starters import STARTERS, Form, Starter, round_up, write
from modelspec.starters.answers import MAX_SIZE, read_budget, read_shape, show_shape
from tests.driving import Driven

FORMS = [(starter, form) for starter in STARTERS.values() for form in starter.forms]
FOLDER = Path(__file__).resolve().parent.parent / "modelspec" / "starters"

Streams = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_has_every_starting_point() -> None:
    assert [template.value for template in Template] == list(STARTERS)


@pytest.mark.parametrize(("starter", "form"), FORMS, ids=lambda value: getattr(value, "file", ""))
def test_a_starting_point_is_what_is_written_of_it(starter: Starter, form: Form) -> None:
    """With nothing chosen it is the file itself, its budget worked out by the same rule."""
    text = (FOLDER / f"{form.file}.yaml").read_text(encoding="utf-8")
    assert write(starter, "model.yaml", name=starter.name, shape=form.input).text == text
    assert not road.follow(text.encode(), "model.yaml").findings


def test_every_file_is_of_a_starting_point() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {form.file for _, form in FORMS}


@pytest.mark.parametrize("dialect", ["torch", "keras"])
def test_a_dialect_chooses_a_starting_point(folder: Path, capsys: Streams, dialect: str) -> None:
    assert run(["init", "--dialect", dialect]) == 0
    assert yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8")).get("dialect", "torch") == dialect
    assert capsys.readouterr().out.startswith("wrote model.yaml: ")
    assert run(["check", "model.yaml", "--fail-on", "warning"]) == 0


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@st.composite
def draw_call(draw: st.DrawFn) -> tuple[list[str], dict[str, Any]]:
    """Options of `init`, and what the written spec has to say."""
    starter, form = draw(st.sampled_from(FORMS))
    axes = form.axes or ("",) * draw(st.integers(1, 4))
    sizes = [draw(st.integers(1, 300) | (st.none() if axis in form.open else st.nothing())) for axis in axes]
    between = draw(st.sampled_from(["x", ",", ", ", " x ", " "]))
    text = between.join("null" if size is None else str(size) for size in sizes)
    options = {"--template": starter.name, "--input": f"[{text}]" if draw(st.booleans()) else text}
    told: dict[str, Any] = {"dialect": starter.dialect, "sizes": sizes}
    if draw(st.booleans()):
        options["--classes"] = str(draw(st.integers(1, 5_000)))
        told["classes"] = int(options["--classes"])
    if draw(st.booleans()):
        told["name"] = options["--name"] = draw(NAMES)
    if form.axes == ("tokens",) and draw(st.booleans()):
        told["vocabulary"] = draw(st.integers(1, 100_000))
        options["--vocabulary"] = f"{told['vocabulary']:,}"
    if draw(st.booleans()):
        options["--budget"] = draw(st.sampled_from(["0%", "25%", "+100%", "100T", "10_000_000_000_000"]))
    return [f"{option}={value}" for option, value in options.items()], told


@given(draw_call())
@settings(max_examples=30, deadline=None)
def test_whatever_is_chosen_passes(call: tuple[list[str], dict[str, Any]]) -> None:
    options, told = call
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.yaml"
        assert run(["init", str(path), *options]) == 0
        assert run(["check", str(path), "--fail-on", "warning", "--quiet"]) == 0
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert tree.get("dialect", "torch") == told.pop("dialect")
    sizes = [tree["variables"].get(size, size) for size in tree["input"]]
    assert sizes == told.pop("sizes")
    if "name" in told:
        assert tree["name"] == told.pop("name")
    assert {key: tree["variables"][key] for key in told} == told


@given(st.integers(0, 10**30))
def test_a_budget_is_rounded_up_to_two_digits(count: int) -> None:
    shown = round_up(count)
    number = road.source.read(f"[{shown}]".encode(), "a").tree
    assert len(shown) <= 20
    digits, unit = (shown[:-1], shown[-1]) if shown[-1].isalpha() else (shown, "")
    value = int(float(digits) * 10) * {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}[unit] // 10
    assert number
    assert value >= count
    assert len(str(value).rstrip("0")) <= 2
    assert count < 100 or value - count < 10 ** (len(str(count)) - 2)


@given(st.lists(st.integers(1, MAX_SIZE) | st.none(), min_size=1, max_size=8))
def test_a_shape_is_read_as_it_is_shown(sizes: list[int | None]) -> None:
    assert read_shape(show_shape(sizes)) == tuple(sizes)


def test_a_budget_is_a_limit_or_what_it_leaves() -> None:
    assert read_budget("15 %") == Share(15, 100)
    assert read_budget(" 60K ") == "60K"


WRONG = [
    ("--template cnn --input 32x32", "cnn takes an input of [channels, height, width], such as [3, 32, 32]"),
    ("--template cnn --input null,32,32", "cnn needs a size for the channels of the input, not null"),
    ("--template rnn --input 3x32x32", "rnn takes an input of [tokens], such as [128] or [steps, features]"),
    ("--template transformer --input null", "transformer needs a size for the tokens of the input, not null"),
    ("--template rnn --input 10x8 --vocabulary 9", "a vocabulary goes with an input of tokens"),
    ("--template cnn --dialect keras", "cnn is written in the dialect torch, not keras"),
    ("--template mlp --input null", "mlp needs every size of the input"),
    ("--template cmm", "'cmm'"),
    ("--input 3x0x32", "--input: the sizes of one sample are expected, such as 3x32x32, but got '3x0x32'"),
    ("--input=-3", "--input: the sizes"),
    ("--input=", "--input: the sizes"),
    ("--input 1x1x1x1x1x1x1x1x1", "--input: an input of at most 8 axes"),
    ("--input " + "x".join(["1000000000"] * 8), "mlp cannot be made for [1000000000, "),
    ("--classes 0", "--classes: a number from 1 to 1,000,000,000 is expected, but got '0'"),
    ("--classes ten", "--classes: a number"),
    ("--classes ²", "--classes: a number"),
    ("--vocabulary 1.5 --template rnn", "--vocabulary: a number"),
    ("--budget 1K", "a budget of 1K is less than the 50,890 parameters of the model"),
    ("--budget lots", "--budget: "),
    ("--budget=", "--budget: "),
    ("--name=", "a name of printable characters is expected"),
    ("--name a\tb", "a name of printable characters is expected"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[options[:50] for options, _ in WRONG])
def test_a_wrong_wish_is_told_and_nothing_is_written(folder: Path, capsys: Streams, options: str, message: str) -> None:
    assert run(["init", *options.split(" ")]) == 2
    output, trouble = capsys.readouterr()
    assert output == ""
    assert message in trouble
    assert list(folder.iterdir()) == []


def test_the_starting_points_are_listed(folder: Path, capsys: Streams) -> None:
    assert run(["init", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(STARTERS)
    assert list(folder.iterdir()) == []


# --- On a terminal ---------------------------------------------------------------------------------------------------


def test_it_asks_and_asks_again(folder: Path) -> None:
    with Driven(folder, "init", "texts.yaml", terminal=True) as driven:
        assert all(f"  {name} " in driven.shown or name in driven.wait_for(name) for name in STARTERS)
        for question, wrong, told, answer in [
            ("Start from [mlp]: ", "rrn", "there are mlp, cnn, rnn, transformer, keras, but no 'rrn'", "rnn"),
            ("Name [texts]: ", "", "", ""),
            ("Input: the sizes of one sample [128]: ", "3x32x32", "rnn takes an input of [tokens]", "64"),
            ("Classes [2]: ", "no", "a number from 1 to 1,000,000,000 is expected", "5"),
            ("Vocabulary: tokens that it knows [10000]: ", "0", "a number from 1", "1,000"),
        ]:
            driven.wait_for(question)
            if told:
                driven.type(wrong)
                driven.wait_for(told)
                driven.wait_for(question)
            driven.type(answer)
        driven.wait_for("Budget for its 326,789 parameters [360K]: ")
        driven.type("100K")
        driven.wait_for("a budget of 100K is less than the 326,789 parameters of the model")
        driven.type("0%")
        status, rest = driven.leave()
    assert status == 0
    assert rest.endswith("wrote texts.yaml: 326,789 parameters, budget 330K; next: modelspec report texts.yaml\n")
    tree = yaml.safe_load((folder / "texts.yaml").read_text(encoding="utf-8"))
    assert (tree["name"], tree["input"], tree["variables"]["classes"]) == ("texts", [64], 5)
    assert run(["check", "texts.yaml"]) == 0


@pytest.mark.parametrize("answers", [0, 1, 4])
def test_broken_off_it_leaves_nothing(folder: Path, answers: int) -> None:
    with Driven(folder, "init", terminal=True) as driven:
        for _ in range(answers):
            driven.wait_for("]: ")
            driven.type("")
        driven.wait_for("]: ")
        driven.interrupt()
        status, rest = driven.leave()
    assert status == 130
    assert rest.strip().endswith("modelspec: nothing is written")
    assert "Traceback" not in rest
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("terminal", "options"), [(True, ["--template", "mlp"]), (False, [])])
def test_it_asks_nothing_where_nobody_answers_or_something_is_wished_for(
    folder: Path, terminal: bool, options: list[str]
) -> None:
    with Driven(folder, "init", *options, terminal=terminal) as driven:
        status, told = driven.leave()
    assert status == 0
    assert told == "wrote model.yaml: 50,890 parameters, budget 56K; next: modelspec report model.yaml\n"


def test_a_file_that_is_there_is_refused_before_anything_is_asked(folder: Path) -> None:
    (folder / "model.yaml").write_text("mine", encoding="utf-8")
    with Driven(folder, "init", terminal=True) as driven:
        assert driven.leave() == (2, "modelspec: 'model.yaml' is there already: name another file\n")
