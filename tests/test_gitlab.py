"""The job for GitLab CI: it is valid, and its script does what it says, run here as a runner runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.repository import ROOT, Repository, copy_project, plain_environment

TEMPLATE = ROOT / "integrations" / "gitlab" / "modelspec.gitlab-ci.yml"
JOB: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))["modelspec"]
SPEC = "modelspec: 1\nname: m\ninput: [4]\nlayers: [{type: Linear, out_features: 3}]\nbudget: {parameters: LIMIT}\n"
MERGE_REQUEST = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_PIPELINE_SOURCE": "merge_request_event"}


def run(script: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run lines of a script as one, with the job's variables, in the shell that a runner may have."""
    return subprocess.run(
        ["sh", "-e", "-c", "\n".join(script)],
        cwd=folder,
        env={**plain_environment(), "CI": "true", "TMPDIR": str(folder.parent), **JOB["variables"], **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def lend(folder: Path, code: str) -> str:
    """An environment with a command in the place of modelspec."""
    command = folder / "environment" / "bin" / "modelspec"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
    command.chmod(0o755)
    return str(folder / "environment")


def test_template_is_valid() -> None:
    command = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", TEMPLATE]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout


def test_what_it_writes_is_what_it_reports(tmp_path: Path) -> None:
    environment = lend(tmp_path, "import json, sys\nprint(json.dumps(sys.argv[1:]))")
    paths = "configs/a b.yaml\n-dash\n*\n"
    done = run(
        JOB["script"],
        tmp_path,
        environment=environment,
        MODELSPEC_PATHS=paths,
        MODELSPEC_ARGS="--jobs 4",
        **MERGE_REQUEST,
    )
    assert done.returncode == 0, done.stdout
    *reports, last = [json.loads(line) for line in done.stdout.splitlines()]
    told = ["--jobs", "4", "--against=origin/main", "--", "configs/a b.yaml", "-dash", "*"]
    assert last == ["check", *told]
    written = JOB["artifacts"]["reports"]
    assert reports == [
        ["check", "--exit-zero", "--format", "gitlab", "--output", written["codequality"], *told],
        ["check", "--exit-zero", "--format", "junit", "--output", written["junit"], *told],
    ]


def test_compares_with_nothing_outside_of_a_merge_request(tmp_path: Path) -> None:
    environment = lend(tmp_path, "import json, sys\nprint(json.dumps(sys.argv[1:]))")
    done = run(JOB["script"], tmp_path, environment=environment)
    assert json.loads(done.stdout.splitlines()[-1]) == ["check", "--", "."]


def test_says_what_it_wants_to_install(tmp_path: Path) -> None:
    done = run(JOB["before_script"][2:], tmp_path, environment=str(tmp_path))
    assert done.returncode != 0
    assert "MODELSPEC_PACKAGE: set it to what pip installs, such as git+https://" in done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pip installs: this checkout as a repository of git."""
    tool = Repository(tmp_path_factory.mktemp("package") / "tool")
    copy_project(tool.folder)
    tool.commit()
    return f"git+file://{tool.folder}"


@pytest.mark.slow
def test_job_installs_checks_and_reports(tmp_path: Path, package: str) -> None:
    server = Repository(tmp_path / "server")
    server.commit(configs__m=SPEC.replace("LIMIT", "15"))
    server.run("git", "checkout", "--quiet", "-b", "change")
    server.commit(configs__over=SPEC.replace("LIMIT", "14"))
    folder = tmp_path / "builds"
    # With a depth of 0 a runner fetches all branches.
    server.run("git", "clone", "--quiet", f"file://{server.folder}", folder)
    done = run([*JOB["before_script"], *JOB["script"]], folder, MODELSPEC_PACKAGE=package, **MERGE_REQUEST)
    assert done.returncode == 1, done.stdout
    assert "configs/over.yaml:5:22: MS501 error: parameters: 15, 1 over the limit of 14" in done.stdout
    found = json.loads((folder / JOB["artifacts"]["reports"]["codequality"]).read_text(encoding="utf-8"))
    assert [(each["check_name"], each["location"]["path"]) for each in found] == [("MS501", "configs/over.yaml")]
    cases = ElementTree.parse(folder / JOB["artifacts"]["reports"]["junit"]).getroot()
    assert len(cases.findall(".//testcase")) >= 2
    assert len(cases.findall(".//failure")) == 1
