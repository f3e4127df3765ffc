"""The steps of a composite action, run here as a runner of GitHub runs them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.repository import plain_environment


class Done:
    """What a run of an action left: its log, its outputs, and the actions that it called with what."""

    def __init__(self) -> None:
        self.log = ""
        self.summary = ""
        self.failed: str | None = None
        self.outputs: dict[str, str] = {}
        self.called: dict[str, dict[str, str]] = {}

    def read(self, output: str) -> str:
        """The text of the file that an output names."""
        return Path(self.outputs[output]).read_text(encoding="utf-8")


class Runner:
    """A runner with a workspace. `event` is what happened, by name and content."""

    def __init__(self, temporary: Path, workspace: Path, event: str, content: dict[str, Any], **variables: str) -> None:
        self.temporary = temporary
        temporary.mkdir(parents=True, exist_ok=True)
        self.event = event
        self.content = content
        (temporary / "event.json").write_text(json.dumps(content), encoding="utf-8")
        self.summary = temporary / "summary.md"
        self.workspace = workspace
        self.environment = {
            **plain_environment(),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(temporary / "event.json"),
            "GITHUB_REPOSITORY": "team/models",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(workspace),
            "RUNNER_TEMP": str(temporary),
            **variables,
        }

    def lend_modelspec(self, code: str, path: Path | None = None) -> None:
        """Put a command in the place where the action installs modelspec; `path` is where Python looks for modules."""
        command = self.temporary / "modelspec" / "environment" / "bin" / "modelspec"
        command.parent.mkdir(parents=True, exist_ok=True)
        before = f"import sys\nsys.path.insert(0, {str(path)!r})\n" if path is not None else ""
        command.write_text(f"#!{sys.executable}\n{before}{code}\n", encoding="utf-8")
        command.chmod(0o755)

    def run(self, action: Path, *, leave_out: tuple[str, ...] = (), **inputs: str) -> Done:
        """Run the action in this folder; an underscore in the name of an input is a dash."""
        told = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
        known = {name: str(given.get("default", "")) for name, given in told["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= known.keys()
        steps: dict[str, str] = {f"inputs.{name}": value for name, value in {**known, **given}.items()}
        steps = {name: self._fill(value, {}) for name, value in steps.items()}
        done = Done()
        self.summary.write_text("", encoding="utf-8")
        for step in told["runs"]["steps"]:
            if step["name"] in leave_out or not self._holds(step.get("if"), steps):
                continue
            if "uses" in step:
                with_ = {name: self._fill(str(value), steps) for name, value in step.get("with", {}).items()}
                done.called[step["uses"].partition("@")[0]] = with_
            elif not self._run_step(step, action, steps, done):
                done.failed = step["name"]
                break
        done.summary = self.summary.read_text(encoding="utf-8")
        for name, output in told.get("outputs", {}).items():
            done.outputs[name] = self._fill(output["value"], steps)
        return done

    def _run_step(self, step: dict[str, Any], action: Path, steps: dict[str, str], done: Done) -> bool:
        output = self.temporary / "output.txt"
        output.write_text("", encoding="utf-8")
        script = self.temporary / "step.sh"
        # An expression in a script would be a way to run what a branch is called.
        assert "${{" not in step["run"]
        script.write_text(step["run"], encoding="utf-8")
        environment = {name: self._fill(str(value), steps) for name, value in step.get("env", {}).items()}
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.workspace,
            env={
                **self.environment,
                "GITHUB_ACTION_PATH": str(action),
                "GITHUB_OUTPUT": str(output),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        done.log += ran.stdout
        for line in output.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            steps[f"steps.{step['id']}.outputs.{name}"] = value
        return ran.returncode == 0

    def _fill(self, text: str, steps: dict[str, str]) -> str:
        """A text with its expressions evaluated, of which only names are understood."""
        return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda match: self._look_up(match[1], steps), text)

    def _look_up(self, name: str, steps: dict[str, str]) -> str:
        known = {"github.token": "secret", "github.event_name": self.event, "runner.temp": str(self.temporary)}
        if name.startswith("github.event."):
            value: Any = self.content
            for key in name.split(".")[2:]:
                value = value[key]
            return str(value)
        if name.startswith("steps."):
            # As a step that has not run has no outputs.
            return steps.get(name, "")
        return {**known, **steps}[name]

    def _holds(self, condition: str | None, steps: dict[str, str]) -> bool:
        if condition is None:
            return True
        match = re.fullmatch(r"([\w.-]+) (==|!=) '([^']*)'", condition)
        assert match is not None, f"the runner here does not understand {condition!r}"
        return (self._look_up(match[1], steps) == match[3]) == (match[2] == "==")
