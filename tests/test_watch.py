"""`modelspec watch`: what a change of any file that bears on a spec makes it say, and when it says nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from modelspec import stamps
from modelspec.__main__ import run
from modelspec.cli import watch as command
from modelspec.cli.watch import GRACE, MOST, SETTLE
from modelspec.cli.watched import Watched
from modelspec.render.watching import show_round
from tests.driving import Driven

SPEC = """\
modelspec: 1
name: digits
variables: {{wide: {wide}, seq: null}}  # modelspec: ignore MS605
input: [8]
layers:
  - {{name: fc, type: {type}, out_features: wide}}
budget: {{parameters: 100}}
"""
LIBRARY = "modelspec: 1\nblocks: {part: {layers: [{type: Linear, out_features: %d}]}}\n"
IMPORTING = "modelspec: 1\nname: user\nimports: [%s]\ninput: [8]\nlayers: [{block: part}]\n"


def spec(wide: int = 4, type: str = "Linear") -> str:
    return SPEC.format(wide=wide, type=type)


class Session:
    """A folder that is watched in this process: each look is asked for, and told as text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watched: Watched | None = None
        self._times = count(10**18, 10**9)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.touch(name)

    def touch(self, name: str) -> None:
        """Give a file a time of its own, however little time has gone by."""
        time = next(self._times)
        os.utime(self.folder / name, ns=(time, time))

    def start(self, *paths: str) -> str:
        self.watched = Watched(paths or ["."], None)
        return self.look() or ""

    def look(self) -> str | None:
        assert self.watched is not None
        told = self.watched.look()
        return None if told is None else show_round(told, "12:00:00", width=80, color=False)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    made = Session(tmp_path)
    made.write("digits.yaml", spec())
    return made


def test_the_first_look_is_a_check(session: Session) -> None:
    session.write("wrong.yaml", spec(type="Liner"))
    told = session.start()
    assert told.startswith("12:00:00\n\nwrong.yaml:6:22: MS207 error: ")
    assert told.endswith("\n1 problem in 1 of 2 specs.\n")


def test_a_change_is_told_beside_what_was_last_well(session: Session) -> None:
    session.start()
    session.write("digits.yaml", spec(5))
    told = session.look()
    assert told is not None
    assert told.startswith("12:00:00  digits.yaml changed\n\ndigits\n  digits.yaml: changed\n")
    assert re.search(r"Parameters +36 → 45  \+9 \(\+25\.00 %\)\n", told)
    assert re.search(r"\n~ fc \(Linear\) .*\n    out_features 4 → 5; ", told)
    assert re.search(r"\nparameters +45 +≤ 100 ", told)
    assert told.endswith("\n1 spec checked: all well.\n")
    # Over its budget, and wrong, it is not what later versions are held against.
    session.write("digits.yaml", spec(50))
    assert re.search(r"Parameters +45 → 450 .*NOT MET\n(.*\n)*.*OVER\n(.*\n)*.*MS501", session.look() or "")
    session.write("digits.yaml", spec(50, "Liner"))
    told = session.look()
    assert told is not None
    assert "MS207" in told
    assert "→" not in told
    session.write("digits.yaml", spec(6))
    assert re.search(r"Parameters +45 → 54 ", session.look() or "")
    session.write("digits.yaml", f"{spec(6)}# a remark\n")
    assert session.look() == (
        "12:00:00  digits.yaml changed\n\ndigits costs what it did: 54 parameters.\n\n1 spec checked: all well.\n"
    )


def test_what_says_the_same_is_not_told(session: Session) -> None:
    session.write("other.yaml", "a: 1\n")
    session.start()
    session.touch("digits.yaml")
    assert session.look() is None
    session.write("other.yaml", "a: 2\n")
    session.write("another.json", "{}")
    session.write("pyproject.toml", "[tool.other]\n")
    assert session.look() is None


def test_specs_come_and_go(session: Session) -> None:
    session.start()
    session.write("deep/new.yaml", spec(7))
    told = session.look()
    assert told is not None
    assert told.startswith("12:00:00  deep/new.yaml new\n\ndigits\n  deep/new.yaml: new\n  Parameters     63\n")
    assert told.endswith("2 specs checked: all well.\n")
    (session.folder / "deep" / "new.yaml").unlink()
    assert session.look() == "12:00:00  deep/new.yaml deleted\n\n1 spec checked: all well.\n"
    session.write("deep/new.yaml", spec(8))
    assert re.search(r"deep/new\.yaml new\n(.*\n)*.*Parameters +63 → 72 ", session.look() or "")
    session.write("deep/new.yaml", "text: 1\n")
    assert session.look() == "12:00:00  deep/new.yaml left out\n\n1 spec checked: all well.\n"


def test_a_folder_can_be_empty_at_first(session: Session) -> None:
    (session.folder / "empty").mkdir()
    assert session.start("empty") == "12:00:00\n\nNo specs found.\n"
    session.write("empty/one.yaml", spec())
    assert (session.look() or "").startswith("12:00:00  empty/one.yaml new\n\ndigits\n  empty/one.yaml: new\n")


def test_the_last_spec_can_go_and_come_back(session: Session) -> None:
    session.start("digits.yaml")
    (session.folder / "digits.yaml").unlink()
    assert session.look() == "12:00:00  digits.yaml deleted\n\nNo specs found.\n"
    assert session.look() is None
    session.write("digits.yaml", spec(5))
    assert re.search(r"digits\.yaml new\n(.*\n)*.*Parameters +36 → 45 ", session.look() or "")


def test_a_renamed_spec_is_one_spec(session: Session) -> None:
    session.start()
    (session.folder / "digits.yaml").rename(session.folder / "figures.yaml")
    told = session.look()
    assert told is not None
    assert told.startswith(
        "12:00:00  digits.yaml → figures.yaml renamed\n\ndigits\n  figures.yaml: renamed from digits"
    )
    session.write("figures.yaml", spec(5))
    assert re.search(r"Parameters +36 → 45 ", session.look() or "")


def test_what_a_spec_imports_bears_on_it(session: Session) -> None:
    session.write("far/parts.yaml", LIBRARY % 4)
    session.write("near/user.yaml", IMPORTING % "../far/parts.yaml")
    session.write("near/parts.yaml", LIBRARY % 9)
    session.start("near")
    session.write("far/parts.yaml", LIBRARY % 5)
    told = session.look()
    assert told is not None
    assert told.startswith("12:00:00  far/parts.yaml changed\n\nuser\n  near/user.yaml: changed\n")
    assert re.search(r"Parameters +36 → 45 ", told)
    assert "near/parts" not in told
    (session.folder / "far" / "parts.yaml").unlink()
    assert re.search(r"^12:00:00  far/parts.yaml deleted\n(.*\n)*.*MS411", session.look() or "")
    session.write("far/parts.yaml", LIBRARY % 6)
    assert re.search(r"^12:00:00  far/parts.yaml new\n(.*\n)*.*Parameters +45 → 54 ", session.look() or "")


def test_what_an_imported_file_imports_bears_on_a_spec(session: Session) -> None:
    session.write("base.yaml", LIBRARY % 4)
    session.write("parts.yaml", "modelspec: 1\nimports: [base.yaml]\nblocks: {whole: {layers: [{block: part}]}}\n")
    session.write("user.yaml", (IMPORTING % "parts.yaml").replace("block: part", "block: whole"))
    session.start("user.yaml")
    session.write("base.yaml", LIBRARY % 5)
    assert re.search(r"^12:00:00  base.yaml changed\n(.*\n)*.*Parameters +36 → 45 ", session.look() or "")


def test_the_configuration_bears_on_the_specs_below_it(session: Session) -> None:
    session.write("a/one.yaml", spec())
    session.start()
    session.write("a/modelspec.toml", "[[limits]]\nbudget = { parameters = 20 }\n")
    told = session.look()
    assert told is not None
    assert told.startswith("12:00:00  a/modelspec.toml new\n\ndigits costs what it did: 36 parameters.\n")
    assert "MS501" in told
    assert told.endswith("1 problem in 1 of 2 specs.\n")
    session.write("a/modelspec.toml", "[[limits]]\nbudget = { parameters = 36 }\n")
    assert (session.look() or "").endswith("2 specs checked: all well.\n")
    session.write("modelspec.toml", 'exclude = ["digits.yaml"]\n')
    told = session.look()
    assert told is not None
    assert told.startswith("12:00:00  digits.yaml left out; modelspec.toml new\n")
    assert told.endswith("1 spec checked: all well.\n")
    session.write("modelspec.toml", "excluded = []\n")
    assert "modelspec.toml:1:1: MS701 error" in (session.look() or "")
    (session.folder / "modelspec.toml").unlink()
    assert (session.look() or "").endswith("2 specs checked: all well.\n")


def test_growth_is_held_against_a_revision_and_not_against_the_last_save(session: Session) -> None:
    session.write("modelspec.toml", 'growth = { parameters = "5%" }\n')
    session.start()
    session.write("digits.yaml", spec(10))
    told = session.look()
    assert told is not None
    assert "36 → 90" in told
    assert told.endswith("all well.\n")


def test_what_is_wrong_elsewhere_is_not_forgotten(session: Session) -> None:
    session.write("wrong.yaml", spec(type="Liner"))
    session.start()
    session.write("digits.yaml", spec(5))
    told = session.look()
    assert told is not None
    assert "MS207" not in told
    assert told.endswith("\nwrong.yaml: still 1 problem\n1 problem in 1 of 2 specs.\n")


def test_only_what_changed_is_checked(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.write("other.yaml", spec(6))
    session.start()
    looked: list[str] = []
    check = Watched._check

    def listen(self: Watched, texts: list[stamps.files.Text]) -> list[object]:
        looked.extend(text.path for text in texts)
        return check(self, texts)  # type: ignore[return-value]

    monkeypatch.setattr(Watched, "_check", listen)
    session.write("other.yaml", spec(7))
    session.look()
    assert looked == ["other.yaml"]


def test_a_model_of_very_many_layers_does_not_fill_the_screen(session: Session) -> None:
    long = "modelspec: 1\nname: long\ninput: [8]\nlayers:\n" + "  - {type: Linear, out_features: %d}\n" * 300
    session.write("modelspec.toml", "select = []\n")
    session.write("digits.yaml", long % ((8,) * 300))
    session.start()
    session.write("digits.yaml", long % ((9,) * 300))
    told = session.look() or ""
    assert "300 layers differ; the first 20 are told" in told
    assert len(told.splitlines()) < 70


# --- When to look ----------------------------------------------------------------------------------------------------


class Clock:
    """The time that waiting takes, and what happens to the files in the meantime."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *events: tuple[float, Callable[[], object]]) -> None:
        self.now = 0.0
        self.events = sorted(events, key=lambda event: event[0])
        monkeypatch.setattr(command, "time", SimpleNamespace(sleep=self.sleep, monotonic=lambda: self.now))

    def sleep(self, seconds: float) -> None:
        assert self.events or self.now < 100, "nothing is ever told"
        self.now += seconds
        while self.events and self.events[0][0] <= self.now:
            self.events.pop(0)[1]()


def test_a_spec_in_the_middle_of_being_saved_is_waited_for(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """By writing into it, by moving it out of the way, by putting another in its place: it is never told as gone."""
    path = session.folder / "digits.yaml"
    ways: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (lambda: session.write("digits.yaml", ""), lambda: session.write("digits.yaml", spec(5))),
        (lambda: path.rename(f"{path}~"), lambda: session.write("digits.yaml", spec(6))),
        (lambda: session.write(".d.tmp", spec(7)), lambda: (session.folder / ".d.tmp").replace(path)),
        (lambda: session.write("digits.yaml", spec(8)[:40]), lambda: session.write("digits.yaml", spec(8))),
    ]
    session.start()
    assert session.watched is not None
    for number, (begin, end) in enumerate(ways):
        # Written in part, it looks as it will: only a short while can be waited for that.
        between = GRACE / 2 if number < 3 else SETTLE / 2
        clock = Clock(monkeypatch, (5.0, begin), (5.0 + between, end))
        command.wait(session.watched)
        assert not clock.events
        told = session.look()
        assert told is not None
        assert told.startswith("12:00:00  digits.yaml changed\n")
        assert told.endswith("1 spec checked: all well.\n")


def test_what_stays_away_is_gone(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.start()
    assert session.watched is not None
    clock = Clock(monkeypatch, (5.0, (session.folder / "digits.yaml").unlink))
    command.wait(session.watched)
    assert 5.0 + GRACE <= clock.now < 5.0 + MOST
    assert "digits.yaml deleted" in (session.look() or "")


def test_a_save_that_ends_as_it_began_is_not_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.start()
    assert session.watched is not None
    path, away = session.folder / "digits.yaml", session.folder / "away"
    Clock(monkeypatch, (5.0, lambda: path.rename(away)), (5.3, lambda: away.rename(path)))
    command.wait(session.watched)
    assert session.look() is None


def test_many_files_at_once_are_one_round(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        session.write(f"m{number}.yaml", spec())
    session.start()
    assert session.watched is not None
    writes = [
        (5 + number * SETTLE / 2, lambda number=number: session.write(f"m{number}.yaml", spec(5)))  # type: ignore[misc]
        for number in range(9)
    ]
    Clock(monkeypatch, *writes)
    command.wait(session.watched)
    told = session.look()
    assert told is not None
    assert told.startswith("12:00:00  m0.yaml changed; m1.yaml changed; m2.yaml changed; and 6 more\n")
    assert session.look() is None


def test_what_changes_all_the_time_holds_nothing_up(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.start()
    assert session.watched is not None
    writes = [
        (5 + number * SETTLE / 2, lambda number=number: session.write("log.json", f"[{number}]"))  # type: ignore[misc]
        for number in range(2_000)
    ]
    clock = Clock(monkeypatch, *writes, (5.0, lambda: session.write("digits.yaml", spec(5))))
    command.wait(session.watched)
    assert clock.now <= 5 + MOST + 1
    assert "digits.yaml changed" in (session.look() or "")


def test_looking_takes_a_small_share_of_the_time(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files there are: what a look takes is waited for many times over."""
    session.start()
    assert session.watched is not None
    clock = Clock(monkeypatch, (50.0, lambda: session.write("digits.yaml", spec(5))))
    looks: list[float] = []
    take = session.watched.take_stamps

    def take_long() -> stamps.Stamps:
        looks.append(clock.now)
        clock.now += 0.5
        return take()

    monkeypatch.setattr(session.watched, "take_stamps", take_long)
    command.wait(session.watched)
    assert len([look for look in looks if look < 50]) <= 5


# --- The command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("nowhere.yaml", "no such file or folder: 'nowhere.yaml'"),
        ("-", "standard input does not change"),
        ("--set width=3", "no spec here has a variable 'width'"),
        ("--set width", "--set wants NAME=VALUE"),
        ("--variant small", "--variant small: no spec here has it"),
    ],
)
def test_a_wrong_call_ends_at_once(
    session: Session, capsys: pytest.CaptureFixture[str], call: str, message: str
) -> None:
    assert session.folder
    assert run(["watch", *call.split()]) == 2
    output, trouble = capsys.readouterr()
    assert (output, message in trouble) == ("", True)


def test_a_log_has_plain_lines(session: Session) -> None:
    with Driven(session.folder, "watch", "--set", "seq=3", terminal=False) as driven:
        driven.wait_for("1 spec checked: all well.\n\nWatching this folder; Ctrl-C ends it.\n")
        session.write("digits.yaml", spec(5))
        driven.wait_for("  digits.yaml changed\n")
        driven.wait_for("36 → 45")
        driven.wait_for("1 spec checked: all well.\n")
        session.write("digits.yaml", spec(5, "Liner"))
        driven.wait_for("MS207 error")
        driven.wait_for("1 spec checked: 1 problem.\n")
        (session.folder / "digits.yaml").unlink()
        driven.wait_for("digits.yaml deleted\n")
        driven.wait_for("No specs found.\n")
        session.write("new.tmp", spec(6))
        (session.folder / "new.tmp").replace(session.folder / "digits.yaml")
        driven.wait_for("45 → 54")
        driven.wait_for("1 spec checked: all well.\n")
        driven.interrupt()
        assert driven.leave() == (0, "")
    assert "\x1b" not in driven.raw
    assert "Traceback" not in driven.raw


@pytest.mark.parametrize("clear", [True, False])
def test_a_terminal_is_cleared_before_each_check_but_the_first(session: Session, clear: bool) -> None:
    with Driven(session.folder, "watch", "digits.yaml", *([] if clear else ["--no-clear"]), terminal=True) as driven:
        driven.wait_for("Watching digits.yaml; Ctrl-C ends it.\n")
        assert command.CLEAR not in driven.raw
        session.write("digits.yaml", spec(50))
        driven.wait_for("digits.yaml changed\n")
        driven.wait_for("NOT MET")
        driven.wait_for("1 spec checked: 1 problem.\n")
        driven.interrupt()
        status, _ = driven.leave()
    assert status == 0
    assert (command.CLEAR in driven.raw) is clear
    assert "\x1b[1;31mMS501 error\x1b[0m" in driven.raw
    assert "Traceback" not in driven.raw


def test_quiet_tells_what_is_found_alone(session: Session) -> None:
    with Driven(session.folder, "watch", "--quiet", terminal=False) as driven:
        # Nothing is told at the start: what can be seen first is the second of these.
        while driven.process.poll() is None and not driven.shown:
            session.write("digits.yaml", spec(5, "Liner"))
            driven.wait_for("MS207")
        session.write("digits.yaml", spec(5))
        session.write("wrong.yaml", spec(5, "Lin"))
        driven.wait_for("wrong.yaml:6:22: MS207")
        driven.interrupt()
        status, _ = driven.leave()
    assert status == 0
    assert "checked" not in driven.shown
    assert "Watching" not in driven.shown


def test_a_reader_that_leaves_ends_it(session: Session) -> None:
    with Driven(session.folder, "watch", terminal=False) as driven:
        driven.wait_for("Ctrl-C ends it.\n")
        os.close(driven._output)
        driven._output = os.open(os.devnull, os.O_RDONLY)
        session.write("digits.yaml", spec(5))
        assert driven.process.wait(60) == 0
