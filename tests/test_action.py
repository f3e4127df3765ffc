"""The GitHub Action: its files are valid, and its steps do what they say, run here as a runner runs them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelspec.history import Trouble, find_base
from tests.github_api import PULL_REQUEST, Api, serve
from tests.repository import ROOT, Repository, copy_project
from tests.runner import Runner

BIN = Path(sys.executable).parent
GITHUB = ROOT / "integrations" / "github"
ACTIONS = [ROOT, GITHUB / "comment"]
MARK = "<!-- modelspec -->\n"

RECORD = """
import json, os, sys
from pathlib import Path
calls = Path(os.environ["RUNNER_TEMP"]) / "calls.jsonl"
with calls.open("a") as file:
    json.dump({"arguments": sys.argv[1:], "summary": "GITHUB_STEP_SUMMARY" in os.environ}, file)
    file.write("\\n")
if "--output" in sys.argv:
    Path(sys.argv[sys.argv.index("--output") + 1]).write_text("{}" if "json" in sys.argv else "# what changed\\n")
else:
    print("::error file=a.yaml,line=5::MS501")
"""
"""A command in the place of modelspec that writes down how it was called."""


@pytest.mark.parametrize("action", ACTIONS, ids=["check", "comment"])
def test_action_is_valid(action: Path) -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-actions", action / "action.yml"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout


def test_scripts_are_sound() -> None:
    scripts = sorted(GITHUB.glob("*.sh"))
    assert len(scripts) == 3
    done = subprocess.run([BIN / "shellcheck", *scripts], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("action", ACTIONS, ids=["check", "comment"])
def test_other_actions_are_pinned(action: Path) -> None:
    text = (action / "action.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used)


@pytest.mark.parametrize("action", ACTIONS, ids=["check", "comment"])
def test_expressions_stand_outside_of_scripts(action: Path) -> None:
    steps = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert scripts
    assert not any("${{" in script for script in scripts)
    assert all(step["shell"] == "bash" for step in steps if "run" in step)


@pytest.mark.slow
def test_installs_from_its_own_checkout_into_a_place_of_its_own(tmp_path: Path) -> None:
    action = tmp_path / "action"
    copy_project(action)
    environment = Runner(tmp_path / "temp", tmp_path, "push", {}).environment
    command = ["bash", action / "integrations" / "github" / "install.sh"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**environment, "GITHUB_ACTION_PATH": str(action)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"modelspec \d+\.\d+\.\d+\n", done.stdout)
    assert (tmp_path / "temp/modelspec/environment/bin/modelspec").exists()
    assert not list(action.rglob("*.egg-info"))
    assert not (action / "build").exists()


def test_says_which_python_it_wants(tmp_path: Path) -> None:
    for name in ("python", "python3"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    runner = Runner(tmp_path / "temp", tmp_path, "push", {})
    runner.environment["PATH"] = f"{tmp_path}:{runner.environment['PATH']}"
    done = runner.run(ROOT)
    assert done.failed == "Install modelspec"
    assert 'there is no Python 3.11 or later here: give the action python-version: "3.13"' in done.log
    assert "actions/setup-python" not in done.called
    assert runner.run(ROOT, python_version="3.13").called["actions/setup-python"] == {"python-version": "3.13"}


class Served:
    """A repository on a server with a pull request: `ours` commits beyond the base, which has `theirs` more of its own,
    and `later` ones that came after the two were merged for a trial. The history before that has 400 commits.
    """

    def __init__(self, folder: Path, ours: int, theirs: int, later: int = 0) -> None:
        self.server = Repository(folder / "server")
        self.server.run("git", "fast-import", "--quiet", given="".join(self.write(400, ours, theirs, later)))
        self.clone = folder / "clone"
        self.merge = self.server.run("git", "rev-parse", "refs/pull/7/merge").strip()
        self.base = self.server.run("git", "merge-base", "main", "refs/pull/7/head").strip()
        self.merged = self.server.run("git", "rev-parse", "refs/pull/7/merge^1").strip()

    @staticmethod
    def write(before: int, ours: int, theirs: int, later: int) -> Iterator[str]:
        """The history as `git fast-import` reads it."""
        who = "committer A <a@example.org> 1700000000 +0000\ndata 4\n"
        yield from (f"commit refs/heads/main\n{who}main\n" for _ in range(before))
        yield "reset refs/pull/7/head\nfrom refs/heads/main\n\n"
        yield from (f"commit refs/pull/7/head\n{who}head\n" for _ in range(ours))
        yield from (f"commit refs/heads/main\n{who}main\n" for _ in range(theirs))
        yield "reset refs/pull/7/merge\nfrom refs/heads/main\n\n"
        yield f"commit refs/pull/7/merge\n{who}both\nmerge refs/pull/7/head\n\n"
        yield from (f"commit refs/heads/main\n{who}main\n" for _ in range(later))

    def check_out(self, *, depth: int | None = 1) -> Runner:
        """Check the merge commit out as actions/checkout does: without history, and without a base."""
        clone = Repository(self.clone)
        clone.run("git", "remote", "add", "origin", f"file://{self.server.folder}")
        deep = [f"--depth={depth}"] if depth else []
        clone.run("git", "fetch", "--quiet", "--no-tags", *deep, "origin", f"+{self.merge}:refs/remotes/pull/7/merge")
        clone.run("git", "checkout", "--quiet", "--detach", "refs/remotes/pull/7/merge")
        self.repository = clone
        return Runner(self.clone.parent / "temp", self.clone, "pull_request", PULL_REQUEST, GITHUB_BASE_REF="main")


EXTRA = ("Install modelspec", "Fetch the base")
LATER = (
    "Install modelspec",
    "Check the specs",
    "Keep the comment",
    "Write the comment",
    "Fail if the check has failed",
)


def find_against(runner: Runner, **inputs: str) -> str:
    """What the step that fetches the base says."""
    log = runner.run(ROOT, leave_out=LATER, **inputs).log
    match = re.search(r"^compared with (.*)\n\Z", log, re.M)
    assert match is not None, log
    return match[1]


@pytest.mark.parametrize(("ours", "theirs", "later"), [(1, 0, 0), (1, 2, 0), (15, 0, 1), (3, 30, 2), (15, 30, 15)])
def test_fetches_as_much_of_the_base_as_it_takes(tmp_path: Path, ours: int, theirs: int, later: int) -> None:
    served = Served(tmp_path, ours, theirs, later)
    runner = served.check_out()
    with pytest.raises(Trouble):
        find_base("origin/main", str(served.clone))
    assert find_against(runner) == "origin/main"
    # The merge commit has in it what main was then.
    assert find_base("origin/main", str(served.clone)).commit == served.merged
    assert int(served.repository.run("git", "rev-list", "--count", "--all")) < 300, "far more than it takes"


def test_fetches_the_base_of_a_branch_that_has_gone_its_way(tmp_path: Path) -> None:
    """The pull request's own head, for which the base branch has to be followed back."""
    served = Served(tmp_path, 15, 30)
    served.merge = served.server.run("git", "rev-parse", "refs/pull/7/head").strip()
    runner = served.check_out()
    assert find_against(runner) == "origin/main"
    assert find_base("origin/main", str(served.clone)).commit == served.base


def test_fetches_into_a_checkout_with_all_history(tmp_path: Path) -> None:
    served = Served(tmp_path, 2, 2)
    runner = served.check_out(depth=None)
    assert find_against(runner) == "origin/main"
    assert served.repository.run("git", "merge-base", "origin/main", "HEAD")
    assert served.repository.run("git", "rev-parse", "--is-shallow-repository").strip() == "false"


def test_compares_with_what_is_named(tmp_path: Path) -> None:
    served = Served(tmp_path, 2, 2)
    runner = served.check_out()
    assert find_against(runner, against="none") == "nothing"
    assert find_against(runner, against=served.base) == served.base
    assert served.repository.run("git", "cat-file", "-t", served.base).strip() == "commit"
    assert find_against(runner, against="main") == "origin/main"
    # Of what is not there, the check says what to fetch.
    assert find_against(runner, against="gone") == "gone"
    assert find_against(runner, against="--upload-pack=false") == "--upload-pack=false"
    del runner.environment["GITHUB_BASE_REF"]
    assert find_against(runner) == "nothing"


def list_calls(runner: Runner) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (runner.temporary / "calls.jsonl").read_text(encoding="utf-8").splitlines()]


def test_passes_on_what_it_is_given(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "temp", tmp_path, "push", {})
    runner.lend_modelspec(RECORD)
    paths = "configs/a b.yaml\n  indented\n\n-dash\n$(touch harmed)\n"
    given = {"paths": paths, "baseline": "base line.json", "fail_on": "warning", "comment": "false"}
    done = runner.run(ROOT, leave_out=("Install modelspec",), against="v1", args="--jobs 4\n--set 'a=[1, 2]'", **given)
    assert done.failed is None, done.log
    options = ["--jobs", "4", "--set", "a=[1, 2]", "--fail-on=warning", "--baseline=base line.json", "--against=v1"]
    told = [*options, "--", "configs/a b.yaml", "  indented", "-dash", "$(touch harmed)"]
    github, in_json, markdown = list_calls(runner)
    assert github == {"arguments": ["check", "--format", "github", *told], "summary": True}
    report, part = str(tmp_path / "temp/modelspec/report.json"), str(tmp_path / "temp/modelspec/comment.md.part")
    assert in_json == {"arguments": ["check", "--format", "json", "--output", report, *told], "summary": False}
    assert markdown == {"arguments": ["check", "--format", "markdown", "--output", part, *told], "summary": False}
    assert not (tmp_path / "harmed").exists()
    assert done.outputs == {"exit-status": "0", "report": report, "comment": part.removesuffix(".part")}
    assert done.read("comment") == f"{MARK}# what changed\n"
    assert "actions/upload-artifact" not in done.called, "it is no pull request"


def test_passes_nothing_that_was_not_given(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "temp", tmp_path, "push", {})
    runner.lend_modelspec(RECORD)
    assert runner.run(ROOT, leave_out=("Install modelspec",), comment="false").failed is None
    assert list_calls(runner)[0]["arguments"] == ["check", "--format", "github", "--fail-on=error", "--", "."]


def test_options_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "temp", tmp_path, "push", {})
    runner.lend_modelspec(RECORD)
    done = runner.run(ROOT, leave_out=EXTRA, args="--set 'a=1")
    assert done.failed == "Check the specs"
    assert "::error title=modelspec::args cannot be read: is a quote missing?" in done.log


def test_what_is_found_fails_at_the_end(tmp_path: Path, api: Api) -> None:
    runner = api.make_runner(tmp_path)
    runner.lend_modelspec(f"{RECORD}sys.exit(1)")
    done = runner.run(ROOT, leave_out=EXTRA)
    assert done.failed == "Fail if the check has failed"
    assert done.outputs["exit-status"] == "1"
    assert "::error file=a.yaml,line=5::MS501" in done.log
    assert done.called["actions/upload-artifact"] == {
        "name": "modelspec",
        "path": f"{done.outputs['report']}\n{done.outputs['comment']}\n",
        "overwrite": "True",
    }
    assert api.comments[0]["body"] == f"{MARK}# what changed\n"


def test_trouble_is_told_wherever_one_looks(tmp_path: Path, api: Api) -> None:
    """A wrong call leaves no report: the annotation, the summary and the comment say why."""
    runner = api.make_runner(tmp_path)
    runner.lend_modelspec("import sys\nprint('modelspec: no 100 % ~~~ of it', file=sys.stderr)\nsys.exit(2)")
    done = runner.run(ROOT, leave_out=EXTRA)
    assert (done.failed, done.outputs["exit-status"]) == ("Fail if the check has failed", "2")
    assert "::error title=modelspec::modelspec: no 100 %25 ~~~ of it\n" in done.log
    told = (
        "**modelspec could not check everything** (exit status 2):\n\n~~~text\nmodelspec: no 100 % ~ ~ of it\n~~~\n\n"
    )
    assert done.summary == told
    assert done.read("comment") == MARK + told
    assert api.comments[0]["body"] == MARK + told


@pytest.fixture
def api() -> Iterator[Api]:
    with serve() as api:
        yield api


@pytest.fixture
def write(tmp_path: Path, api: Api) -> Any:
    """Write a comment as the action does; return what is told."""

    def write(text: str, report: dict[str, Any] | None = None, runner: Runner | None = None) -> str:
        (tmp_path / "comment.md").write_text(text, encoding="utf-8")
        (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
        runner = runner or api.make_runner(tmp_path)
        command = [sys.executable, GITHUB / "comment.py", "comment.md", *(["report.json"] if report else [])]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**runner.environment, "TOKEN": "secret"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return write


def test_comment_is_created_once_and_then_updated(api: Api, write: Any) -> None:
    for _ in range(120):
        api.add("hello", login="person", kind="User")
    assert write(f"{MARK}one\n") == f"created {api.address}/120\n"
    assert write(f"{MARK}one\n") == f"{api.address}/120 says it already\n"
    assert write(f"{MARK}two\n") == f"updated {api.address}/120\n"
    assert [comment["body"] for comment in api.comments[120:]] == [f"{MARK}two\n"]
    assert sum(asked.startswith("POST") for asked in api.asked) == 1


def test_comment_of_another_person_is_left_alone(api: Api, write: Any) -> None:
    api.add(f"{MARK}all well, merge it\n", login="person", kind="User")
    assert write(f"{MARK}over\n") == f"created {api.address}/1\n"
    api.comments[1]["user"] = {"login": "someone", "type": "User"}
    assert write(f"{MARK}two\n") == f"updated {api.address}/1\n", "the token is that of a person"
    assert api.comments[0]["body"] == f"{MARK}all well, merge it\n"


@pytest.mark.parametrize(
    ("report", "told"),
    [
        ({"ok": True, "diagnostics": []}, False),
        ({"ok": True, "diagnostics": [], "comparisons": [{"status": "unchanged"}]}, False),
        ({"ok": True, "diagnostics": [], "comparisons": [{"status": "removed"}]}, True),
        ({"ok": True, "diagnostics": [{}], "comparisons": []}, True),
        ({"ok": False, "diagnostics": []}, True),
    ],
)
def test_nothing_is_said_where_there_is_no_news(api: Api, write: Any, report: dict[str, Any], told: bool) -> None:
    assert write(f"{MARK}one\n", report).startswith("created " if told else "no comment: nothing has changed")
    api.add(f"{MARK}before\n")
    assert write(f"{MARK}now\n", report).startswith("updated "), "what was told is brought up to date in any case"


def test_refusal_is_no_failure(api: Api, write: Any) -> None:
    api.refuses = 403
    told = write(f"{MARK}one\n")
    assert told.startswith("no comment: this workflow may not write one (403 Forbidden). It is in the step summary")
    api.refuses = 500
    assert write(f"{MARK}one\n").startswith("::warning title=modelspec::no comment: the server answered 500")
    api.address = "http://127.0.0.1:1"
    assert write(f"{MARK}one\n").startswith("::warning title=modelspec::no comment: ")
    assert api.comments == []


def test_comment_is_cut_to_what_github_takes(api: Api, write: Any) -> None:
    write(MARK + "é" * 99 + "\n" + ("x" * 99 + "\n") * 700)
    body = api.comments[0]["body"]
    assert 65_000 < len(body) <= 65_536
    assert body.endswith("x\n\nThe comment is cut here: GitHub takes no longer one. The step summary has all of it.\n")


def test_comment_of_a_fork_is_written_by_a_workflow_that_may(tmp_path: Path, api: Api) -> None:
    """By what GitHub says of the run, not by what its artifact says, the pull request is found."""
    run = {"id": 99, "head_repository": {"owner": {"login": "fork"}}, "head_branch": "a b", "head_sha": "1" * 40}
    api.pulls = [
        {"number": 3, "head": {"label": "fork:a b", "sha": "2" * 40}},
        {"number": 7, "head": {"label": "fork:a b", "sha": "1" * 40}},
    ]
    runner = api.make_runner(tmp_path, "workflow_run", {"workflow_run": run})
    folder = runner.temporary / "modelspec-comment"
    folder.mkdir()
    (folder / "comment.md").write_text(f"{MARK}from a fork\n", encoding="utf-8")
    done = runner.run(GITHUB / "comment")
    assert done.failed is None, done.log
    assert done.called["actions/download-artifact"] == {
        "name": "modelspec",
        "path": str(folder),
        "run-id": "99",
        "github-token": "secret",
    }
    assert [comment["body"] for comment in api.comments] == [f"{MARK}from a fork\n"]
    api.pulls = []
    assert "there is no open pull request" in runner.run(GITHUB / "comment").log
    (folder / "comment.md").unlink()
    assert "no comment: " in runner.run(GITHUB / "comment").log
