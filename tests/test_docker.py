"""The Dockerfile: linted, and its steps for Python carried out without an engine, each from what the build is sent."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import ROOT, copy_project, plain_environment

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def list_steps() -> list[tuple[str, str]]:
    """The instructions, each in one line."""
    joined = re.sub(r"\\\n\s*", "", "\n".join(line for line in TEXT.splitlines() if not line.startswith("#")))
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in joined.splitlines() if line]


def list_sent() -> set[str]:
    """What the build is sent of the project's top: all is left out but for what is taken in again."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    return {line[1:] for line in lines if line.startswith("!")}


def test_dockerfile_is_sound() -> None:
    command = [Path(sys.executable).parent / "hadolint", ROOT / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout


def test_user_is_not_root_and_the_command_is_modelspec() -> None:
    steps = list_steps()
    last = len(steps) - next(at for at, step in enumerate(reversed(steps)) if step[0] == "FROM")
    stage = dict(steps[last:])
    assert int(stage["USER"]) > 0
    assert (stage["ENTRYPOINT"], stage["WORKDIR"]) == ('["modelspec"]', "/src")
    assert all(re.fullmatch(r"python:3\.\d+-slim( AS \w+)?", given) for step, given in steps if step == "FROM")


def test_build_is_sent_what_it_copies() -> None:
    copied = [shlex.split(given) for step, given in list_steps() if step == "COPY"]
    assert {name for given in copied for name in given[:-1] if not given[0].startswith("--from")} == list_sent()


@pytest.mark.slow
def test_steps_install_a_modelspec_that_works(tmp_path: Path) -> None:
    """Each stage is a folder, `/` is one too; what Debian installs is left out."""
    project, root, build = tmp_path / "project", tmp_path / "root", tmp_path / "stages"
    copy_project(project)
    for name in {path.name for path in project.iterdir()} - list_sent():
        path = project / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    root.mkdir()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "image"], check=True)
    environment = plain_environment()
    environment["PATH"] = f"{tmp_path / 'image' / 'bin'}:{environment['PATH']}"
    done = []
    for step, given in list_steps():
        if step == "COPY" and given.startswith("--from=build /build/"):
            source, target = shlex.split(given)[1:]
            shutil.copytree(build / Path(source).relative_to("/build"), root / target[1:])
        elif step == "COPY":
            *names, target = shlex.split(given)
            for name in names:
                place = build / target / name if target.endswith("/") else build / target
                place.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (project / name).is_dir() else shutil.copy2
                copy(project / name, place)
        elif step == "RUN" and given.startswith("pip "):
            command = re.sub(r" /(?=dist)", f" {root}/", given)
            subprocess.run(["bash", "-ec", command], cwd=build, env=environment, check=True)
            done.append(given.split()[1])
    assert done == ["wheel", "install"]
    (root / "m.yaml").write_text("modelspec: 1\ninput: [4]\nlayers: [{type: Linear, out_features: 3}]\n")
    command = [tmp_path / "image" / "bin" / "modelspec", "check", "m.yaml"]
    checked = subprocess.run(command, cwd=root, env=environment, capture_output=True, encoding="utf-8", check=True)
    assert checked.stdout == "1 spec checked: all well.\n"
