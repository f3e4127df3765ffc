"""Give the same tasks to modelspec and to the tools beside it, and record what each really does.

    python benchmarks/compare.py --environments peers
    python tools/write_comparison.py

where `peers` is a folder of virtual environments, each named as its tool:

    torchinfo     torch torchinfo==1.8.0 transformers
    keras         torch keras==3.15.1
    n-orca        torch n-orca==0.2.0         (torch to run the module that it writes)
    mlnode        torch mlnode==1.1.0 transformers
    narchi        torch narchi==1.6.0         (torch to build the module)
    ultralytics   torch ultralytics==8.4.190

torch is its build for the CPU. A tool without an environment of its own is run in this one; one that is not installed
is named, and what was recorded of it stays. The tasks and their files lie in benchmarks/peers/, the rules that read
an answer off the output in benchmarks/judges.py, the record is benchmarks/comparison.json, the page
docs/comparison.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from judges import JUDGES, Outcome
from run import measure

PEERS = Path(__file__).parent / "peers"
RECORD = Path(__file__).parent / "comparison.json"
TOOLS: dict[str, dict[str, Any]] = yaml.safe_load((PEERS / "tasks.yaml").read_text(encoding="utf-8"))
FRAMEWORKS = ("keras", "tensorflow", "torch")

WEIGH = """\
import importlib.metadata as metadata, re, sys
try:
    from packaging.requirements import Requirement
except ImportError:
    from pip._vendor.packaging.requirements import Requirement
seen, todo = set(), sys.argv[1:]
while todo:
    name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
    if name in seen:
        continue
    seen.add(name)
    for text in metadata.requires(name) or ():
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            todo.append(need.name)
files = {path.locate() for name in seen for path in metadata.files(name) or () if path.suffix != ".pyc"}
print(sum(path.stat().st_size for path in files if path.is_file()))
"""
"""Bytes of a package and all that it requires, byte code apart."""


def observe(name: str, python: str) -> dict[str, dict[str, Any]]:
    """All tasks of a tool, run by a Python that has it: what is told of each, by what command, and what shows it."""
    tool = TOOLS[name]
    told: dict[str, dict[str, Any]] = {}
    for task, judge in JUDGES.items():
        given = tool["tasks"][task]
        if isinstance(given, str):
            told[task] = {"answer": given}
            continue
        outcome = run_task(tool, task, python)
        answer = judge(outcome)
        command = f"{tool['commands'][given.get('command', 'check')]['shown']} {outcome.file}"
        shown = [line if len(line) <= 240 else f"{line[:240]} …" for line in answer.shown]
        told[task] = {"answer": answer.told, "command": command, "status": outcome.status, "shows": shown}
    told["framework"] = find_frameworks(tool, python)
    return told


def run_task(tool: dict[str, Any], name: str, python: str) -> Outcome:
    """Run a tool on the file of a task, in a folder with all that lies beside it."""
    task = tool["tasks"][name]
    with tempfile.TemporaryDirectory() as scratch:
        path = lay_out(tool, task, Path(scratch))
        before = path.read_text(encoding="utf-8")
        after = before
        for old, new in task.get("put", {}).items():
            if after.count(old) != 1:
                raise SystemExit(f"{task['file']} has {after.count(old)} places {old!r}")
            after = after.replace(old, new)
        path.write_text(after, encoding="utf-8")
        lines = enumerate(zip(before.splitlines(), after.splitlines(), strict=False), 1)
        command = [python, *list_words(tool, task, path.relative_to(scratch).as_posix())]
        run = call(command, Path(scratch))
        planted = [number for number, (old, new) in lines if old != new]
        output = run.stdout
        for folder in {str(Path(scratch).resolve()), scratch}:
            output = output.replace(folder + os.sep, "")
        return Outcome(tool, task, name, path.name, planted, run.returncode, output)


def lay_out(tool: dict[str, Any], task: dict[str, Any], scratch: Path) -> Path:
    """Copy what a task needs into a folder; where its file is then."""
    file: str = task["file"]
    source = (PEERS / file).resolve()
    for beside in (tool.get("beside"), task.get("beside")):
        if beside and (PEERS / beside).is_dir():
            shutil.copytree(PEERS / beside, scratch / beside)
        elif beside:
            shutil.copy(PEERS / beside, scratch)
    if (scratch / file).is_file():
        return scratch / file
    for path in source.parent.glob("*.*"):
        shutil.copy(path, scratch)
    return scratch / source.name


def list_words(tool: dict[str, Any], task: dict[str, Any], file: str) -> list[str]:
    """The command on a file, as Python's arguments."""
    command = tool["commands"][task.get("command", "check")]
    return [*command["run"], file, *command.get("after", ())]


def call(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, both outputs as one."""
    return subprocess.run(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    "PYTHONUTF8": "1",
    "NO_COLOR": "1",
    "COLUMNS": "100",
    "KERAS_BACKEND": "torch",
    "YOLO_CONFIG_DIR": tempfile.gettempdir(),
    "YOLO_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
}


def find_frameworks(tool: dict[str, Any], python: str) -> dict[str, Any]:
    """Which frameworks are loaded for the check of the first model."""
    task = {"file": tool["tasks"]["mlp"]["file"]}
    with tempfile.TemporaryDirectory() as scratch:
        path = lay_out(tool, task, Path(scratch))
        words = list_words(tool, task, path.relative_to(scratch).as_posix())
        run = call([python, "-X", "importtime", *words], Path(scratch))
    loaded = {line.rpartition("|")[2].strip() for line in run.stdout.splitlines() if line.startswith("import time:")}
    found = [name for name in FRAMEWORKS if name in loaded]
    command = f"{tool['commands']['check']['shown']} {path.name}"
    return {"answer": ", ".join(found) or "none", "command": command, "status": run.returncode, "shows": []}


def time_against(name: str, python: str, rounds: int) -> float:
    """How many times as long as modelspec's the check of one model takes: the median over pairs, run in turn."""
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        commands = []
        for each, with_python, scratch in (("modelspec", sys.executable, ours), (name, python, theirs)):
            path = lay_out(TOOLS[each], task := {"file": TOOLS[each]["tasks"]["mlp"]["file"]}, Path(scratch))
            words = list_words(TOOLS[each], task, path.relative_to(scratch).as_posix())
            commands.append([with_python, "-c", INSIDE, scratch, *words])
        pairs = [[measure(command).seconds for command in commands] for _ in range(rounds + 1)][1:]
    return statistics.median(theirs / ours for ours, theirs in pairs)


INSIDE = "import os, sys; os.chdir(sys.argv[1]); os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
"""`measure` runs in the project; a tool is to run beside its files."""


def weigh(name: str, python: str) -> float | None:
    """MiB of a tool with all that it requires, or None where its packages cannot be listed."""
    tool = TOOLS[name]
    run = call([python, "-c", WEIGH, tool["package"], *tool.get("needs", ())], PEERS)
    return int(run.stdout) / 2**20 if run.returncode == 0 else None


def find_version(name: str, python: str) -> str | None:
    """The version of a tool that a Python has, or None."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    run = call([python, "-c", code, TOOLS[name]["package"]], PEERS)
    return run.stdout.strip() if run.returncode == 0 else None


def list_pythons(environments: Path | None) -> Iterator[tuple[str, str]]:
    """Each tool with the Python to run it by: that of the environment of its name, or this one."""
    for name in TOOLS:
        folders = [environments / name / folder for folder in ("bin", "Scripts")] if environments else []
        own = [path for folder in folders for path in (folder / "python", folder / "python.exe") if path.exists()]
        yield name, str(own[0].absolute()) if own else sys.executable


def main() -> None:
    """Run all tools that are there, and write the record."""
    parser = argparse.ArgumentParser(description="Run the tools of the comparison, and record what they do.")
    parser.add_argument("--environments", type=Path, help="a folder of virtual environments, named as the tools are")
    parser.add_argument("--only", choices=TOOLS, action="append", help="run this tool alone; may be given again")
    parser.add_argument("--rounds", type=int, default=7, help="pairs of runs for the time; 0 keeps what was measured")
    options = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    for name, python in list_pythons(options.environments):
        if options.only and name not in options.only:
            continue
        version = find_version(name, python)
        if version is None:
            print(f"{name} is not installed: what was recorded of it stays", file=sys.stderr)
            continue
        print(name, version, flush=True)
        entry: dict[str, Any] = {"version": version, "tasks": observe(name, python)}
        if options.rounds:
            entry["times"] = round(time_against(name, python, options.rounds), 1) if name != "modelspec" else 1.0
            entry["mib"] = weigh(name, python)
        record_tool(name, entry)


def record_tool(name: str, entry: dict[str, Any]) -> None:
    """Write down what was seen of a tool; what was not measured now stays, and so do the other tools."""
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))["tools"] if RECORD.exists() else {}
    recorded[name] = {**recorded.get(name, {}), **entry}
    record = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "tools": {name: recorded[name] for name in TOOLS if name in recorded},
    }
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
