"""Measure modelspec side by side with what it is held against, as ratios, and write benchmarks/RESULTS.md.

    python -m pip install '.[bench]'
    python benchmarks/run.py

The comparison with torchinfo needs torch: in the same environment, or in another whose Python `--torch-python` names.
Every figure is a whole process. The programs of a comparison run in turn, A B A B …, and a ratio is the median of the
ratios of neighbours, so that a machine that speeds up or slows down does not decide.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from corpus import write_five, write_large, write_many, write_stack

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "specs" / "seeds" / "custom_ffn_v5.yaml"
SCHEMA = ROOT / "schema" / "modelspec-v1.schema.json"
RESULTS = Path(__file__).parent / "RESULTS.md"

FLOOR = "import yaml; from pydantic import BaseModel"
BARE = """\
import sys
from pathlib import Path
import yaml
given = Path(sys.argv[1])
for path in sorted(given.glob("*.yaml")) if given.is_dir() else [given]:
    for event in yaml.parse(path.read_bytes(), Loader=yaml.CSafeLoader):
        pass
"""


BUILT = """\
import sys
from modelspec.__main__ import run
from modelspec.layer import Layer
assert run(["check", sys.argv[1]]) == 0
waiting = [Layer]
for each in waiting:
    waiting += each.__subclasses__()
families = {each.__module__ for each in waiting if each.__module__.startswith("modelspec.catalogue.")}
print(len(families), sum("_fields" in each.__dict__ for each in waiting))
"""


ONE_CORE = """\
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Run(NamedTuple):
    """One finished process: seconds from start to end, and the most memory it held, in MiB."""

    seconds: float
    memory: float


class Comparison(NamedTuple):
    """Two programs measured in turn, and the goal for the first against the second."""

    title: str
    ours: list[str]
    other: list[str]
    rounds: int
    goal: float
    faster: bool


def measure(command: Sequence[str]) -> Run:
    """Run a program to its end. It must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}:\n{output.decode(errors='replace')}")
    return Run(seconds, usage.ru_maxrss / 1024)


def compare(comparison: Comparison) -> str:
    """Measure a comparison; its row of the table."""
    for command in (comparison.ours, comparison.other):
        measure(command)
    pairs = [(measure(comparison.ours), measure(comparison.other)) for _ in range(comparison.rounds)]
    ours = statistics.median(mine.seconds for mine, _ in pairs)
    other = statistics.median(theirs.seconds for _, theirs in pairs)
    if comparison.faster:
        ratio = statistics.median(theirs.seconds / mine.seconds for mine, theirs in pairs)
        goal, met = f"≥ {comparison.goal:g} × faster", ratio >= comparison.goal
        told = f"{ratio:.1f} × faster"
    else:
        ratio = statistics.median(mine.seconds / theirs.seconds for mine, theirs in pairs)
        goal, met = f"≤ {comparison.goal:g} ×", ratio <= comparison.goal
        told = f"{ratio:.2f} ×"
    row = (
        f"| {comparison.title} | **{told}** | {goal} | {'met' if met else '**missed**'} "
        f"| {ours * 1000:,.0f} ms | {other * 1000:,.0f} ms |"
    )
    print(row, flush=True)
    return row


def weigh(title: str, command: list[str], goal: float, rounds: int = 5) -> str:
    """Measure a program's peak memory; its row of the table."""
    memory = statistics.median(measure(command).memory for _ in range(rounds))
    row = f"| {title} | **{memory:.0f} MiB** | ≤ {goal:g} MiB | {'met' if memory <= goal else '**missed**'} |"
    print(row, flush=True)
    return row


def count_built(spec: Path) -> list[str]:
    """What a spec of five types loads and builds of the catalogue; the rows of the table."""
    from modelspec.catalogue.index import TYPES

    told = subprocess.run(
        [sys.executable, "-c", BUILT, str(spec)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded, built = told.stdout.split()[-2:]
    families = {(dialect, family) for dialect, types in TYPES.items() for family in types.values()}
    rows = [
        f"| layer types | **{built}** | {sum(map(len, TYPES.values()))} |",
        f"| families | **{loaded}** | {len(families)} |",
    ]
    print(*rows, sep="\n", flush=True)
    return rows


def main() -> None:
    """Measure all, and write the table."""
    parser = argparse.ArgumentParser(description="Measure modelspec side by side with what it is held against.")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python with torch and torchinfo")
    parser.add_argument("--rounds", type=int, default=11, help="pairs of runs in each comparison")
    options = parser.parse_args()
    python, rounds = sys.executable, options.rounds
    compileall.compile_dir(str(ROOT / "modelspec"), quiet=1)
    check = [python, "-m", "modelspec", "check"]
    other_check = [python, "-m", "check_jsonschema", "--schemafile", str(SCHEMA)]
    with tempfile.TemporaryDirectory() as scratch:
        many = write_many(Path(scratch) / "many")
        large = write_large(Path(scratch) / "large.yaml")
        deep, shallow = (write_stack(Path(scratch) / f"stack_{blocks}.yaml", blocks) for blocks in (100_000, 10))
        bare = Path(scratch) / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        files = sorted(map(str, many.iterdir()))
        slow = max(3, rounds // 3)
        rows = [
            compare(each)
            for each in (
                Comparison(
                    "one spec, as the hook calls it, against importing yaml and Pydantic",
                    [*check, str(SPEC)],
                    [python, "-c", FLOOR],
                    2 * rounds,
                    1.6,
                    False,
                ),
                Comparison(
                    "one spec through Typer (`--format text`), against importing yaml and Pydantic",
                    [*check, "--format", "text", str(SPEC)],
                    [python, "-c", FLOOR],
                    2 * rounds,
                    1.6,
                    False,
                ),
                Comparison(
                    "one spec, against `python -c pass`",
                    [*check, str(SPEC)],
                    [python, "-c", "pass"],
                    2 * rounds,
                    6,
                    False,
                ),
                Comparison(
                    "one spec, against torch and torchinfo on the same model",
                    [*check, str(SPEC)],
                    [options.torch_python, str(ROOT / "benchmarks" / "torchinfo_summary.py")],
                    rounds,
                    10,
                    True,
                ),
                Comparison(
                    "one spec, against check-jsonschema with our schema",
                    [*check, str(SPEC)],
                    [*other_check, str(SPEC)],
                    rounds,
                    2.3,
                    True,
                ),
                Comparison(
                    "1,000 specs of 50 layers, against PyYAML's bare events",
                    [*check, str(many)],
                    [python, str(bare), str(many)],
                    rounds,
                    2.2,
                    False,
                ),
                Comparison(
                    "the same on one core",
                    [python, "-c", ONE_CORE, *check[1:], str(many)],
                    [python, "-c", ONE_CORE, str(bare), str(many)],
                    rounds,
                    2.2,
                    False,
                ),
                Comparison(
                    "1,000 specs of 50 layers, against check-jsonschema with our schema",
                    [*check, str(many)],
                    [*other_check, *files],
                    min(3, slow),
                    50,
                    True,
                ),
                Comparison(
                    "one spec of 100,000 layers, against PyYAML's bare events",
                    [*check, str(large)],
                    [python, str(bare), str(large)],
                    rounds,
                    2.8,
                    False,
                ),
                Comparison(
                    "a transformer of 100,000 equal blocks, against one of 10",
                    [*check, str(deep)],
                    [*check, str(shallow)],
                    2 * rounds,
                    1.1,
                    False,
                ),
            )
        ]
        built = count_built(write_five(Path(scratch) / "five.yaml"))
        weights = [
            weigh("one spec", [*check, str(SPEC)], 40),
            weigh("1,000 specs of 50 layers", [*check, str(many)], 190),
            weigh("one spec of 100,000 layers", [*check, str(large)], 190),
            weigh("a transformer of 100,000 equal blocks", [*check, str(deep)], 40),
        ]
    RESULTS.write_text(_write(rows, weights, built, rounds), encoding="utf-8")


def _write(rows: list[str], weights: list[str], built: list[str], rounds: int) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("pydantic", "PyYAML", "typer", "check-jsonschema"))
    return "\n".join(
        [
            "# Results",
            "",
            f"Written by `python benchmarks/run.py` with Python {platform.python_version()} on {platform.machine()},",
            f"{os.cpu_count()} cores; {packages}.",
            "",
            "Whole processes, byte code compiled beforehand. The two programs of a row run in turn, and the ratio is",
            f"the median over the pairs ({rounds} at least, 3 for the slowest row); the milliseconds are medians, and",
            "mean nothing on another machine. modelspec looks at many specs on all cores, the others on one.",
            "",
            "| what | ratio | goal | | modelspec | the other |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "| peak memory | measured | goal | |",
            "|---|---|---|---|",
            *weights,
            "",
            "| what a spec of five types needs of the catalogue | loaded or built | there are |",
            "|---|---|---|",
            *built,
            "",
        ]
    )


if __name__ == "__main__":
    main()
