"""The command line: exit statuses, what goes to which stream, and what is left behind when something fails."""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.models import OptionInfo

from modelspec import __main__ as command
from modelspec import catalogue
from modelspec.__main__ import run
from modelspec.advice import DEFAULT, RULES
from modelspec.cli import app, console
from modelspec.version import VERSION

ROOT = Path(__file__).resolve().parent.parent

GOOD = """\
modelspec: 1
name: good
input: [4]
layers:
  - {name: fc, type: Linear, out_features: 3}
budget: {parameters: 15}
"""
OVER = GOOD.replace("good", "over").replace("15", "14")
BAD = GOOD.replace("good", "bad").replace("out_features", "out_featurs")
UNMARKED = "name: no spec\n"

Streams = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of each kind, in which the commands run."""
    for name, text in {"good": GOOD, "over": OVER, "bad": BAD, "unmarked": UNMARKED}.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


# Each call, its exit status, and a piece of what it says: of standard output if 0 or 1, else of standard error.
CALLS = [
    ("check good.yaml", 0, "1 spec checked: all well.\n"),
    ("check over.yaml", 1, "over.yaml:6:22: MS501 error"),
    ("check bad.yaml", 1, "did you mean 'out_features'?"),
    ("check good.yaml bad.yaml over.yaml", 1, "in 2 of 3 specs."),
    ("check .", 1, "in 2 of 3 specs."),
    ("check", 1, "in 2 of 3 specs."),
    ("check --format json over.yaml", 1, '"MS501"'),
    ("check --format markdown good.yaml", 0, "`good`"),
    ("check unmarked.yaml", 1, "MS2"),
    ("check --skip-unmarked unmarked.yaml", 0, ""),
    ("check --skip-unmarked unmarked.yaml good.yaml", 0, "1 spec checked: all well."),
    ("check missing.yaml", 2, "no such file or folder: 'missing.yaml'"),
    ("check bad.yaml missing.yaml", 2, "no such file or folder: 'missing.yaml'"),
    ("check empty", 2, "no spec found in folder 'empty'"),
    ("check --unknown", 2, "No such option"),
    ("check --exit-zero over.yaml", 0, "over.yaml:6:22: MS501 error"),
    ("check --exit-zero over.yaml missing.yaml", 2, "no such file or folder: 'missing.yaml'"),
    ("check --jobs 2 good.yaml over.yaml", 1, "in 1 of 2 specs."),
    ("check --jobs 0 good.yaml", 2, "--jobs"),
    ("check --fail-on warning good.yaml", 0, "all well"),
    ("check --fail-on info good.yaml", 2, "'info'"),
    ("check --against HEAD good.yaml", 2, "is in no git repository"),
    ("diff good.yaml over.yaml", 1, "over.yaml:6:22: MS501 error"),
    ("diff over.yaml good.yaml", 0, "1 model: 1 unchanged."),
    ("diff good.yaml bad.yaml", 1, "not compared"),
    ("diff good.yaml .", 2, "a file and a folder cannot be compared"),
    ("diff good.yaml missing.yaml", 2, "no such file or folder: 'missing.yaml'"),
    ("diff HEAD:good.yaml good.yaml", 2, "is in no git repository"),
    ("config good.yaml", 0, "≤ 15"),
    ("config over.yaml", 0, "over.yaml:6:22"),
    ("config bad.yaml", 1, "did you mean 'out_features'?"),
    ("config .", 2, "is a folder"),
    ("config missing.yaml", 2, "no such file or folder: 'missing.yaml'"),
    ("check --format xml good.yaml", 2, "'xml'"),
    ("report good.yaml", 0, "fc (Linear)"),
    ("report over.yaml", 1, "OVER"),
    ("report bad.yaml", 1, "bad.yaml:5:"),
    ("report good.yaml --format json", 0, '"modelspec_report": 1'),
    ("report good.yaml --format markdown", 0, "|"),
    ("report missing.yaml", 2, "no such file"),
    ("report empty", 2, "no spec found in folder 'empty'"),
    ("report --unknown", 2, "No such option"),
    ("explain good.yaml", 0, "3 × 4 = 12"),
    ("explain good.yaml fc", 0, "3 × 4 = 12"),
    ("explain over.yaml", 1, "3 × 4 = 12"),
    ("explain bad.yaml", 1, "bad.yaml:5:"),
    ("explain good.yaml fcc", 2, "did you mean 'fc'?"),
    ("explain good.yaml elsewhere", 2, "it has fc"),
    ("explain missing.yaml", 2, "no such file"),
    ("explain empty", 2, "is a folder: name one spec"),
    ("explain MS304", 0, "MS304"),
    ("explain ms304", 0, "MS304"),
    ("explain MS999", 2, "no code MS999"),
    ("explain", 2, "Missing argument"),
    ("resolve good.yaml", 0, "in_features: 4"),
    ("resolve over.yaml", 1, "in_features: 4"),
    ("resolve bad.yaml", 1, "bad.yaml:5:"),
    ("resolve missing.yaml", 2, "no such file"),
    ("layers", 0, "Linear"),
    ("layers Linear", 0, "in_features"),
    ("layers LSTM --dialect keras", 0, "return_sequences"),
    ("layers Linaer", 2, "did you mean 'Linear'?"),
    ("layers Dense --dialect torch", 2, "no layer type 'Dense'"),
    ("schema", 0, '"$schema"'),
    ("schema report", 0, "modelspec_report"),
    ("schema elsewhere", 2, "'elsewhere'"),
    ("init good.yaml", 2, "'good.yaml' is there already"),
    ("init empty", 2, "'empty' is there already"),
    ("init model.txt", 2, "must end in .yaml or .yml"),
    ("init nowhere/model.yaml", 2, "cannot write 'nowhere/model.yaml'"),
    ("--version", 0, f"modelspec {VERSION}\n"),
    ("--help", 0, "check"),
    ("", 2, "Usage: modelspec"),
    ("chekc good.yaml", 2, "chekc"),
]


@pytest.mark.parametrize(("call", "status", "told"), CALLS, ids=[call or "nothing" for call, _, _ in CALLS])
def test_exit_status_and_stream(capsys: Streams, call: str, status: int, told: str) -> None:
    assert run(call.split()) == status
    output, trouble = capsys.readouterr()
    assert told in (trouble if status == 2 else output)
    assert (trouble != "") == (status == 2 or call == "resolve over.yaml")
    assert "Traceback" not in output + trouble
    assert "\x1b" not in output + trouble


def test_every_layer_type_is_shown_with_all_of_its_examples(capsys: Streams) -> None:
    for dialect in catalogue.dialects():
        for layer in catalogue.list_layers(dialect):
            assert run(["layers", layer.type_name(), "--dialect", dialect]) == 0
            shown = capsys.readouterr().out.partition("  Examples\n")[2]
            heads = [line for line in shown.splitlines() if re.match(r"    \S", line)]
            assert len(heads) == len(layer.examples), layer


def test_a_missing_file_keeps_no_finding_back(capsys: Streams) -> None:
    assert run(["check", "missing.yaml", "bad.yaml"]) == 2
    output, trouble = capsys.readouterr()
    assert "bad.yaml:5:" in output
    assert "missing.yaml" in trouble


def test_resolve_of_a_spec_over_budget_writes_the_spec_alone_to_standard_output(capsys: Streams) -> None:
    assert run(["resolve", "over.yaml"]) == 1
    output, trouble = capsys.readouterr()
    assert "MS501" in trouble
    Path("resolved.yaml").write_text(output, encoding="utf-8")
    assert run(["check", "resolved.yaml"]) == 1


@pytest.mark.parametrize("name", ["check", "report", "explain", "resolve"])
def test_standard_input_is_a_dash(capsys: Streams, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    feed(monkeypatch, GOOD)
    assert run([name, "-"]) == 0
    feed(monkeypatch, BAD)
    assert run([name, "-"]) == 1
    assert "<stdin>:5:" in capsys.readouterr().out
    feed(monkeypatch, BAD)
    assert run([name, "-", "--stdin-filename", "configs/new.yaml"]) == 1
    assert "configs/new.yaml:5:" in capsys.readouterr().out


def test_standard_input_is_json_where_its_name_says_so(capsys: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, '{"modelspec": 1, "name": "m", "input": [4], "layers": ["ReLU",]}')
    assert run(["check", "-", "--stdin-filename", "m.json"]) == 1
    assert "m.json:1:" in capsys.readouterr().out


@pytest.mark.parametrize(("flags", "status"), [([], 1), (["--force-exclude"], 0)])
def test_a_file_named_by_hand_is_excluded_by_force_only(capsys: Streams, flags: list[str], status: int) -> None:
    Path("modelspec.toml").write_text('exclude = ["bad.yaml"]\n', encoding="utf-8")
    assert run(["check", *flags, "bad.yaml"]) == status
    assert run(["check", *flags, "good.yaml"]) == 0
    capsys.readouterr()
    assert run(["check", "."]) == 1
    assert "bad.yaml" not in capsys.readouterr().out


WRITERS = [
    ["check", "good.yaml"],
    ["report", "good.yaml", "--format", "json"],
    ["explain", "good.yaml"],
    ["explain", "MS304"],
    ["resolve", "good.yaml"],
    ["layers", "Linear"],
    ["schema"],
]


@pytest.mark.parametrize("arguments", WRITERS, ids=" ".join)
def test_output_is_what_would_be_printed(capsys: Streams, arguments: list[str]) -> None:
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    assert run([*arguments, "--output", "out"]) == 0
    assert capsys.readouterr() == ("", "")
    assert Path("out").read_text(encoding="utf-8") == printed


@pytest.mark.parametrize("arguments", WRITERS, ids=" ".join)
def test_output_that_cannot_be_written_is_a_wrong_call(capsys: Streams, arguments: list[str]) -> None:
    assert run([*arguments, "--output", "nowhere/out"]) == 2
    output, trouble = capsys.readouterr()
    assert output == ""
    assert trouble.startswith("modelspec: cannot write 'nowhere/out': ")


def test_output_keeps_the_mode_of_a_file_and_the_link_to_it(folder: Path) -> None:
    old = folder / "old.txt"
    old.write_text("old", encoding="utf-8")
    old.chmod(0o640)
    (folder / "link.txt").symlink_to(old)
    assert run(["report", "good.yaml", "--output", "link.txt"]) == 0
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert (folder / "link.txt").is_symlink()
    assert "fc (Linear)" in old.read_text(encoding="utf-8")


def test_output_that_fails_half_way_leaves_the_old_file(
    folder: Path, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    (folder / "out").write_text("old", encoding="utf-8")
    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.setattr(os, "fsync", fail)
    assert run(["report", "good.yaml", "--output", "out"]) == 2
    assert "cannot write 'out': No space left on device" in capsys.readouterr().err
    assert (folder / "out").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(
    ("terminal", "variables", "output", "colored"),
    [
        (True, {}, None, True),
        (True, {"NO_COLOR": "1"}, None, False),
        (True, {"NO_COLOR": ""}, None, True),
        (True, {"TERM": "dumb"}, None, False),
        (True, {}, "out", False),
        (False, {}, None, False),
    ],
)
def test_colour_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    variables: dict[str, str],
    output: str | None,
    colored: bool,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert console.has_color(output) == colored


def test_a_fault_of_our_own_says_what_to_report(capsys: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of our own")

    monkeypatch.setattr("modelspec.road.follow", fail)
    for arguments in (["check", "good.yaml"], ["report", "good.yaml"]):
        assert run(arguments) == 3
        output, trouble = capsys.readouterr()
        assert output == ""
        assert "ZeroDivisionError: of our own" in trouble
        assert f"this is a fault in modelspec {VERSION} itself" in trouble
        assert "Please report" in trouble


def test_an_interrupt_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("modelspec.road.follow", interrupt)
    assert run(["check", "good.yaml"]) == 130


def test_a_reader_that_leaves_is_no_fault(folder: Path) -> None:
    """As with `| head -1`, with more output than a pipe holds."""
    names = [f"bad-{number}.yaml" for number in range(400)]
    for name in names:
        (folder / name).write_text(BAD, encoding="utf-8")
    for name in ("check", "report"):
        process = subprocess.Popen(
            [sys.executable, "-m", "modelspec", name, *names],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() != b""
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        process.wait()


def test_quiet_says_what_was_found_and_nothing_else(capsys: Streams) -> None:
    assert run(["check", "--quiet", "good.yaml"]) == 0
    assert capsys.readouterr() == ("", "")
    assert run(["check", "-q", "good.yaml", "over.yaml"]) == 1
    told, trouble = capsys.readouterr()
    assert (told.count("MS501"), "in 1 of 2" in told, trouble) == (1, False, "")


def test_verbose_says_what_was_looked_at(folder: Path, capsys: Streams) -> None:
    (folder / "modelspec.toml").write_text('exclude = ["bad.yaml"]\n', encoding="utf-8")
    assert run(["check", "--verbose", "."]) == 1
    told, trouble = capsys.readouterr()
    assert "in 1 of 2 specs." in told
    assert trouble.splitlines() == [
        "configuration: modelspec.toml",
        "checked: good.yaml: well",
        "checked: over.yaml: found something",
        "skipped: 2, excluded or without the key 'modelspec'",
    ]


def test_a_warning_fails_where_it_is_asked_to(capsys: Streams) -> None:
    assert run(["baseline", "over.yaml"]) == 0
    (Path("over.yaml")).write_text(GOOD.replace("good", "over"), encoding="utf-8")
    assert run(["check", "over.yaml", "--baseline", "modelspec-baseline.json"]) == 0
    assert run(["check", "over.yaml", "--baseline", "modelspec-baseline.json", "--fail-on", "warning"]) == 1
    assert capsys.readouterr().out.count("MS509 warning") == 2


DEFAULT_CODES = [code for code in RULES if code in DEFAULT]
OPTIONAL_CODES = [code for code in RULES if code not in DEFAULT]


def test_limits_are_told_with_those_who_set_them(folder: Path, capsys: Streams) -> None:
    (folder / "modelspec.toml").write_text(
        'growth = { macs = "5%" }\n[[limits]]\nbudget = { parameters = 14, layers.fc.macs = "50%" }\n', encoding="utf-8"
    )
    assert run(["config", "good.yaml"]) == 0
    told = capsys.readouterr().out
    assert [re.split(r"\s{2,}", line) for line in told.splitlines()] == [
        ["file", "good.yaml"],
        ["configuration", "modelspec.toml"],
        ["in a search", "taken"],
        ["advice", f"{', '.join(DEFAULT_CODES)}; not: {', '.join(OPTIONAL_CODES)}"],
        [""],
        ["good"],
        ["Limit", "Set by"],
        ["parameters", "≤ 15", "good.yaml:6:22 (without effect: another is tighter)"],
        ["parameters", "≤ 14", "modelspec.toml:3:12"],
        ["macs of 'fc'", "≤ 50%", "modelspec.toml:3:39"],
        ["growth of macs", "≤ 5%", "modelspec.toml:1:12"],
    ]


PATHS = ["good.yaml", "bad.yaml", "over.yaml", "unmarked.yaml", "missing.yaml", "empty", ".", "", "a\0b", "good.yaml/x"]


ASKING = [flag for flag in command.FLAGS if flag != "--fix"]
"""What changes no file: asked twice, it is answered alike."""


@given(arguments=st.lists(st.sampled_from([*PATHS, *ASKING]), max_size=5))
@example(arguments=["--skip-unmarked", "--skip-unmarked"])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_short_way_answers_as_typer_does(capsys: Streams, arguments: list[str]) -> None:
    """What the hook calls goes past Typer, and nobody can tell."""
    from modelspec.cli.app import run_app

    capsys.readouterr()
    assert command.is_plain_check(["check", *arguments])
    short = run(["check", *arguments]), capsys.readouterr()
    assert (run_app(["check", *arguments]), capsys.readouterr()) == short


def test_the_short_way_mends_as_the_long_one_does(folder: Path, capsys: Streams) -> None:
    wrong = GOOD.replace("type: Linear", "type: Linaer")
    assert wrong != GOOD
    told = []
    for call in (["check", "--fix", "wrong.yaml"], ["check", "--fix", "--format", "text", "wrong.yaml"]):
        (folder / "wrong.yaml").write_text(wrong, encoding="utf-8")
        told.append((run(call), capsys.readouterr(), (folder / "wrong.yaml").read_text(encoding="utf-8")))
    assert told[0] == told[1]
    assert told[0][2] == GOOD


@pytest.mark.parametrize(
    "arguments", [["check", "-"], ["check", "--help"], ["check", "--", "good.yaml"], ["report"], ["--version"], []]
)
def test_the_short_way_is_for_plain_checks(arguments: list[str]) -> None:
    assert not command.is_plain_check(arguments)


@pytest.mark.parametrize("dialect", ["torch", "keras"])
def test_a_first_spec_is_well(folder: Path, capsys: Streams, dialect: str) -> None:
    assert run(["init", "configs.yaml", "--dialect", dialect]) == 0
    assert capsys.readouterr().out.endswith("K; next: modelspec report configs.yaml\n")
    text = (folder / "configs.yaml").read_text(encoding="utf-8")
    assert run(["check", "configs.yaml"]) == 0
    assert run(["init", "configs.yaml"]) == 2
    assert (folder / "configs.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["my model {x}.yaml", "null.yaml", "12.yaml", "-.yaml", "ü: #.yml"])
def test_a_first_spec_bears_any_name(name: str) -> None:
    assert run(["init", "--", name]) == 0
    assert run(["check", "--", name]) == 0


def test_the_json_report_says_what_the_exit_status_says(capsys: Streams) -> None:
    for name, status in {"good": 0, "over": 1, "bad": 1}.items():
        assert run(["report", f"{name}.yaml", "--format", "json"]) == status
        assert json.loads(capsys.readouterr().out)["ok"] == (status == 0)


@pytest.mark.parametrize("name", app.COMMANDS)
def test_a_command_is_built_with_the_options_of_its_call(name: str) -> None:
    whole = app.COMMANDS[name]
    told = {
        name: parameter.annotation.__metadata__[0]
        for name, parameter in inspect.signature(whole, eval_str=True).parameters.items()
    }
    options = {name: option for name, option in told.items() if isinstance(option, OptionInfo)}
    spellings = {
        spelling: name
        for name, option in options.items()
        for several in (str(option.default), *(option.param_decls or ()))
        for spelling in several.split("/")
    }
    assert spellings
    for spelling, name in spellings.items():
        for arguments in ([spelling, "x"], [f"{spelling}=x"], ["x", spelling]):
            built = app.narrow(whole, arguments)
            assert set(inspect.signature(built).parameters) == {*(told.keys() - options.keys()), name}
            for other in ("--help", "--hlp", "-", "--"):
                assert (app.narrow(whole, [*arguments, other]) is whole) == (other != "-")


@pytest.mark.parametrize("limit", [console.WELL, console.FOUND, console.USAGE, command.FAULT])
def test_main_leaves_with_the_status(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    leave: Callable[[int], None] = left.append
    monkeypatch.setattr(command, "run", lambda _: limit)
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(command.gc, "disable", lambda: None)
    command.main()
    assert left == [limit]
