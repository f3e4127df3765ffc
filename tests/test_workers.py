"""Work on several cores: the same results in the same order as on one, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from modelspec import road, workers
from modelspec.cli.batch import MANY
from modelspec.cli.check import check
from modelspec.cli.report import report
from modelspec.workers import share_out

SPEC = "modelspec: 1\ninput: [4]\nlayers:\n  - {{type: Linear, out_features: {0}}}\nbudget: {{parameters: 2K}}\n"
WRONG = {3: "0", 77: "hiden", MANY - 1: "3000", MANY + 20: "8.5"}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")


def square(number: int) -> int | None:
    """A result of any size, and none at all for every fifth."""
    return None if number % 5 == 0 else int("9" * (number * number))


@pytest.mark.parametrize("jobs", [1, 2, 3, 60])
def test_results_are_in_the_order_of_the_work(jobs: int) -> None:
    done: list[int] = []
    assert share_out(square, 50, jobs, lambda: done.append(1)) == [square(number) for number in range(50)]
    assert len(done) == 50


def test_work_is_done_elsewhere() -> None:
    places = share_out(lambda _: os.getpid(), 8, 2)
    assert len(set(places)) == 2
    assert os.getpid() not in places
    assert share_out(lambda _: os.getpid(), 2, 1) == [os.getpid()] * 2


def fail_elsewhere(number: int) -> int:
    if os.getpid() != HERE and number == 5:
        raise RuntimeError("a fault of ours")
    return number


def die_elsewhere(number: int) -> int:
    if os.getpid() != HERE and number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def give_what_cannot_travel(number: int) -> Callable[[], int]:
    return lambda: number


HERE = os.getpid()


@pytest.mark.parametrize("work", [fail_elsewhere, die_elsewhere])
def test_what_a_process_does_not_answer_is_done_here(
    work: Callable[[int], int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert share_out(work, 20, 2) == list(range(20))
    assert capfd.readouterr() == ("", "")
    assert [give() for give in share_out(give_what_cannot_travel, 4, 2) if give] == [0, 1, 2, 3]


def test_a_fault_that_is_met_everywhere_is_met_here() -> None:
    with pytest.raises(ZeroDivisionError):
        share_out(lambda number: 1 // (number - 3), 8, 2)


def test_without_processes_all_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError("no more processes")

    monkeypatch.setattr(os, "fork", refuse)
    assert share_out(lambda _: os.getpid(), 4, 2) == [os.getpid()] * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(MANY + 50):
        text = SPEC.format(WRONG.get(number, str(number + 1)))
        (tmp_path / f"{number:04}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_cores_change_nothing(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(**options: object) -> tuple[int, str, str]:
        status = check([str(folder)], **options)
        return status, *capfd.readouterr()

    alone = run(jobs=1)
    assert alone[0] == 1
    assert f"4 problems in 4 of {MANY + 50} specs." in alone[1]
    monkeypatch.setattr(workers, "count_cores", lambda: 2)
    followed: list[str] = []
    follow = road.follow
    with monkeypatch.context() as watching:
        watching.setattr(
            road,
            "follow",
            lambda data, path, *rest, **more: followed.append(path) or follow(data, path, *rest, **more),
        )
        assert run() == alone
    assert not followed, "all have been looked at elsewhere"
    for name in ("json", "markdown"):
        assert run(format=name, jobs=3) == run(format=name, jobs=1)
    assert report([str(folder)], format="json", jobs=2) == 1
    many = capfd.readouterr().out
    assert report([str(folder)], format="json", jobs=1) == 1
    assert capfd.readouterr().out == many
