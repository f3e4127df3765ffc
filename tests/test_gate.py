"""The whole gate in front of a repository with thirty specs: hook, comparison, Action and comment, a change each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.github_api import PULL_REQUEST, Api, serve
from tests.repository import ROOT, Repository, copy_project
from tests.runner import Done

pytestmark = pytest.mark.slow

CONFIGURATION = """\
growth = { parameters = "5%" }

[[limits]]
files = ["configs/edge/**"]
budget = { parameters = "3K" }
"""
FOLDERS = ("edge", "server", "server/large")
COMMAND = (sys.executable, "-m", "modelspec", "check", "configs", "--against", "origin/main", "--format", "json")


def write_spec(name: str, width: int) -> str:
    """A spec with 21 parameters for each unit of width, and 4 more: 2,104 at 100, of which 5 % is 105."""
    return (
        f"modelspec: 1\nname: {name}\nvariables: {{width: {width}}}\ninput: [16]\nlayers:\n"
        "  - {name: up, type: Linear, out_features: width}\n  - ReLU\n"
        "  - {name: down, type: Linear, out_features: 4}\n"
    )


SPECS = {
    f"configs/{folder}/m{number}.yaml": write_spec(f"{folder.replace('/', '-')}-m{number}", 100)
    for folder in FOLDERS
    for number in range(10)
}
BROKEN = write_spec("edge-m3", 100).replace("name: down, type: Linear", "name: down, type: Linear, in_features: 99")


class Case(NamedTuple):
    """A change: what was there before of one file (None: as in all repositories), what is done, and what comes of it.

    `compared` is the path before, the path now and the status of what is not unchanged; `told` are codes with the file
    that they are told of, and `hook` says whether the hook lets the change pass. `comment` has what a reviewer reads.
    """

    change: dict[str, str | None]
    status: int
    compared: tuple[str | None, str | None, str]
    told: tuple[tuple[str, str], ...] = ()
    hook: bool = True
    before: tuple[tuple[str, str], ...] = ()
    comment: tuple[str, ...] = ()


M3 = "configs/edge/m3.yaml"
NEW = "configs/server/new.yaml"

CASES = {
    "grew within growth": Case(
        {M3: write_spec("edge-m3", 105)}, 0, (M3, M3, "changed"), comment=("edge-m3", "2,104", "2,209")
    ),
    "grew beyond": Case(
        {M3: write_spec("edge-m3", 106)},
        1,
        (M3, M3, "changed"),
        (("MS507", M3),),
        comment=("edge-m3", "2,104", "2,230", "MS507"),
    ),
    "shrank": Case({M3: write_spec("edge-m3", 50)}, 0, (M3, M3, "changed"), comment=("edge-m3", "1,054")),
    "new model": Case({NEW: write_spec("new", 900)}, 0, (None, NEW, "added"), comment=("new", "18,904")),
    "new model over a limit": Case(
        {"configs/edge/new.yaml": write_spec("new", 200)},
        1,
        (None, "configs/edge/new.yaml", "added"),
        (("MS501", "configs/edge/new.yaml"),),
        hook=False,
        comment=("new", "4,204", "MS501"),
    ),
    "deleted model": Case({M3: None}, 0, (M3, None, "removed"), comment=("edge-m3",)),
    "renamed": Case({M3: None, NEW: write_spec("edge-m3", 104)}, 0, (M3, NEW, "changed"), comment=("edge-m3", "2,188")),
    "renamed, and grew beyond": Case(
        {M3: None, NEW: write_spec("edge-m3", 106)},
        1,
        (M3, NEW, "changed"),
        (("MS507", NEW),),
        comment=("edge-m3", "2,230", "MS507"),
    ),
    "broken on base": Case(
        {M3: write_spec("edge-m3", 120)}, 0, (M3, M3, "not compared"), before=((M3, BROKEN),), comment=("edge-m3",)
    ),
    "broken on head": Case(
        {M3: BROKEN}, 1, (M3, M3, "not compared"), (("MS304", M3),), hook=False, comment=("edge-m3", "MS304")
    ),
}


class Hosted:
    """A repository on a server, with thirty specs on `main`, the hook, and branches for changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tool = Repository(folder / "tool")
        copy_project(tool.folder)
        tool.commit()
        revision = tool.run("git", "rev-parse", "HEAD").strip()
        self.server = Repository(folder / "server")
        self.write({**SPECS, "modelspec.toml": CONFIGURATION, "README.md": "Models.\n"})
        hook = f"repos:\n  - repo: {tool.folder}\n    rev: {revision}\n    hooks: [{{id: modelspec-check}}]\n"
        self.write({".pre-commit-config.yaml": hook})
        self.server.commit()
        self.server.run("pre-commit", "install", "--install-hooks")
        self.start = self.server.run("git", "rev-parse", "HEAD").strip()

    def write(self, files: dict[str, str] | dict[str, str | None]) -> None:
        """Write files, or remove them."""
        for name, text in files.items():
            path = self.server.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if text is None else path.write_text(text, encoding="utf-8")
        self.server.run("git", "add", "--all")

    def open(self, case: Case) -> bool:
        """Make `main` what it was before, and the change on a branch of its own; tell whether the hook let it pass."""
        self.server.run("git", "checkout", "--quiet", "--force", "-B", "main", self.start)
        if case.before:
            self.write(dict(case.before))
            self.server.run("git", "commit", "--quiet", "--no-verify", "--message", "before")
        self.server.run("git", "checkout", "--quiet", "-B", "change")
        self.write(case.change)
        passed = self.server.attempt("git", "commit", "--quiet", "--message", "change").returncode == 0
        if not passed:
            self.server.run("git", "commit", "--quiet", "--no-verify", "--message", "change")
        # The base goes on meanwhile: the change is compared with the commit that it began at.
        self.server.run("git", "checkout", "--quiet", "main")
        self.write({"configs/server/m0.yaml": write_spec("server-m0", 10)})
        self.server.run("git", "commit", "--quiet", "--no-verify", "--message", "later")
        return passed

    def check_out(self, folder: Path) -> Repository:
        """Check the change out as CI does: the last commit of it alone."""
        clone = Repository(folder)
        clone.run("git", "remote", "add", "origin", f"file://{self.server.folder}")
        clone.run("git", "fetch", "--quiet", "--no-tags", "--depth=1", "origin", "refs/heads/change")
        clone.run("git", "checkout", "--quiet", "--detach", "FETCH_HEAD")
        clone.environment["PYTHONPATH"] = str(ROOT)
        return clone


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    return Hosted(tmp_path_factory.mktemp("hosted"))


@pytest.fixture
def api() -> Iterator[Api]:
    with serve() as api:
        yield api


def run_action(clone: Repository, api: Api, **inputs: str) -> Done:
    runner = api.make_runner(clone.folder, "pull_request", PULL_REQUEST, GITHUB_BASE_REF="main")
    runner.lend_modelspec("from modelspec.__main__ import main\nmain()", ROOT)
    return runner.run(ROOT, leave_out=("Install modelspec",), paths="configs", **inputs)


def compare(report: dict[str, Any]) -> list[tuple[str | None, str | None, str]]:
    """What a report says of each model that is not as it was."""
    told = [(one["old_path"], one["path"], one["status"]) for one in report["comparisons"]]
    assert len(told) >= len(SPECS)
    return [one for one in told if one[2] != "unchanged"]


@pytest.mark.parametrize("name", CASES)
def test_change_is_judged(name: str, hosted: Hosted, api: Api, tmp_path: Path) -> None:
    case = CASES[name]
    assert hosted.open(case) == case.hook, "the hook"
    clone = hosted.check_out(tmp_path / "clone")

    done = run_action(clone, api)
    report = json.loads(done.read("report"))
    assert (done.outputs["exit-status"], done.failed is None) == (str(case.status), case.status == 0), done.log
    assert compare(report) == [case.compared]
    assert [(one["code"], one["path"]) for one in report["diagnostics"]] == [*case.told]
    assert [one["ok"] for one in report["comparisons"] if one["status"] != "unchanged"] == [case.status == 0]
    annotated = [line for line in done.log.splitlines() if line.startswith("::error ")]
    assert len(annotated) == len(case.told)
    assert all(f"file={path}" in line for (_, path), line in zip(case.told, annotated, strict=True))
    assert done.summary.strip()

    (comment,) = api.comments
    assert comment["body"] == done.read("comment")
    assert comment["body"].startswith("<!-- modelspec -->\n")
    for word in case.comment:
        assert word in comment["body"]
    assert "server-m7" not in comment["body"], "a model that is as it was is no news"

    # The clone has been deepened by now: by hand the same comes out.
    checked = clone.attempt(*COMMAND)
    assert checked.returncode == case.status
    by_hand = json.loads(checked.stdout)
    assert compare(by_hand) == [case.compared]
    assert by_hand["diagnostics"] == report["diagnostics"]


def test_nothing_is_said_of_a_change_of_something_else(hosted: Hosted, api: Api, tmp_path: Path) -> None:
    assert hosted.open(Case({"README.md": "Our models.\n"}, 0, (None, None, "")))
    done = run_action(hosted.check_out(tmp_path / "clone"), api)
    assert (done.outputs["exit-status"], done.failed) == ("0", None), done.log
    assert compare(json.loads(done.read("report"))) == []
    assert api.comments == []


def cut_off(clone: Repository) -> None:
    """The server is away: nothing can be fetched."""
    clone.run("git", "remote", "set-url", "origin", f"file://{clone.folder.parent / 'away'}")


def test_base_that_is_not_fetched_is_named(hosted: Hosted, api: Api, tmp_path: Path) -> None:
    hosted.open(CASES["grew beyond"])
    clone = hosted.check_out(tmp_path / "clone")
    cut_off(clone)
    checked = clone.attempt(*COMMAND)
    assert checked.returncode == 2
    assert "there is no revision 'origin/main'" in checked.stdout
    assert "git fetch --unshallow origin main:refs/remotes/origin/main" in checked.stdout
    assert "fetch-depth: 0" in checked.stdout

    done = run_action(clone, api)
    assert (done.outputs["exit-status"], done.failed) == ("2", "Fail if the check has failed"), done.log
    for told in (done.log, done.summary, api.comments[0]["body"]):
        assert "git fetch --unshallow origin main:refs/remotes/origin/main" in told


def test_comment_that_may_not_be_written_fails_nothing(hosted: Hosted, api: Api, tmp_path: Path) -> None:
    hosted.open(CASES["grew within growth"])
    api.refuses = 403
    done = run_action(hosted.check_out(tmp_path / "clone"), api)
    assert (done.outputs["exit-status"], done.failed) == ("0", None), done.log
    assert "this workflow may not write one (403 Forbidden). It is in the step summary and in the artifact" in done.log
    assert done.called["actions/upload-artifact"]["path"].split() == [done.outputs["report"], done.outputs["comment"]]
    assert "edge-m3" in done.summary


def test_baseline_lets_the_gate_be_put_up_today(hosted: Hosted, api: Api, tmp_path: Path) -> None:
    """What is wrong on the base passes, and what a change makes worse does not."""
    over = write_spec("edge-m3", 160)
    hosted.open(Case({M3: write_spec("edge-m3", 161)}, 1, (M3, M3, "changed"), before=((M3, over),)))
    clone = hosted.check_out(tmp_path / "clone")
    (clone.folder / M3).write_text(over, encoding="utf-8")
    clone.run(sys.executable, "-m", "modelspec", "baseline", "configs", "-o", "known.json")
    done = run_action(clone, api, baseline="known.json")
    assert (done.outputs["exit-status"], done.failed) == ("0", None), done.log
    clone.run("git", "checkout", "--quiet", M3)
    done = run_action(clone, api, baseline="known.json")
    assert done.outputs["exit-status"] == "1"
    assert [one["code"] for one in json.loads(done.read("report"))["diagnostics"]] == ["MS501"]
