"""Many specs on all cores: the same output as on one, whatever becomes of the processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelspec import road, screening
from modelspec.cli.check import MANY, check

SPEC = "modelspec: 1\ninput: [4]\nlayers:\n  - {{type: Linear, out_features: {0}}}\nbudget: {{parameters: 2K}}\n"
WRONG = {3: "0", 77: "hiden", MANY - 1: "3000", MANY + 20: "8.5"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(MANY + 50):
        text = SPEC.format(WRONG.get(number, str(number + 1)))
        (tmp_path / f"{number:04}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = check([str(folder)])
    return status, *capfd.readouterr()


def refuse(*_: object) -> int:
    raise OSError("no more processes")


def fail_in_child(parent: int) -> Callable[..., road.Outcome]:
    follow = road.follow

    def fail(data: bytes, path: str, choice: road.Choice | None = None) -> road.Outcome:
        if os.getpid() != parent and path.endswith("0100.yaml"):
            raise RuntimeError("a fault of ours")
        return follow(data, path, choice)

    return fail


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_cores_change_nothing(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "_count_cores", lambda: 1)
    alone = run(folder, capfd)
    assert alone[0] == 1
    assert f"4 problems in 4 of {MANY + 50} specs." in alone[1]
    monkeypatch.setattr(screening, "_count_cores", lambda: 2)
    followed: list[str] = []
    follow = road.follow
    with monkeypatch.context() as watching:
        watching.setattr(road, "follow", lambda data, path, _=None: followed.append(path) or follow(data, path))
        assert run(folder, capfd) == alone
    assert len(followed) == len(WRONG), "the others have been looked at elsewhere"
    with monkeypatch.context() as failing:
        failing.setattr(road, "follow", fail_in_child(os.getpid()))
        assert run(folder, capfd) == alone
    monkeypatch.setattr(os, "fork", refuse)
    assert run(folder, capfd) == alone
