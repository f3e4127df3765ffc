"""Write docs/comparison.md, and the short table in the README, from what benchmarks/compare.py has recorded.

In the README the table stands between `<!-- comparison -->` and `<!-- /comparison -->`; without these nothing is
written there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "comparison.md"
README = ROOT / "README.md"
PEERS = ROOT / "benchmarks" / "peers"
MARK = re.compile(r"(?<=^<!-- comparison -->\n).*?(?=^<!-- /comparison -->$)", re.MULTILINE | re.DOTALL)

TASKS = {
    "mlp": ("Total of three linear layers", "The right number is 109,386."),
    "cnn": ("Total of a small convolution network", "The right number is 13,610."),
    "mixtral": (
        "Total of Mixtral 8×7B",
        "The right number is 46,702,792,704. torchinfo and mlnode get it from transformers, on torch's meta device.",
    ),
    "framework": ("Frameworks loaded", ""),
    "no_features": ("`in_features` left out", "Where there are torch's layers, by its `LazyLinear`."),
    "no_channels": ("`in_channels` left out", "Where there are torch's layers, by its `LazyConv2d`."),
    "wrong_size": ("A wrong `in_features`", "The second layer takes 99 features, and 128 arrive."),
    "misspelt": ("A misspelt argument", "`out_feature`; in Keras `unit`, in narchi `output_feat`."),
    "misspelt_type": ("A misspelt layer type", "`Liner`; in Keras `Dens`."),
    "two_sizes": ("Two wrong sizes in one run", "A second layer takes 77 features, and 64 arrive."),
    "two_names": ("Two misspelt arguments in one run", "In two layers."),
    "over_budget": ("A limit of 100,000 parameters", "The model of three linear layers has 109,386."),
    "open": (
        "Height out, where height in is unknown",
        "After a convolution with a kernel of 3 and a stride of 2; of 28 it makes 13.",
    ),
    "module": ("Gives a module that runs", "Called once, on zeros."),
}
"""Each task with its name in the table, and what is to be known of it."""

JUDGED = [task for task in TASKS if task != "framework"]
"""The tasks whose answer stands in a line of the output."""

SHORT = ("wrong_size", "misspelt_type", "over_budget", "mixtral")
"""The tasks that the README shows."""

INTRODUCTION = """\
# Beside other tools

The same small tasks, given to modelspec and to the tools that come nearest to it, in each one's own language. This is
what they say to three linear layers with one wrong number, `in_features: 99` where 128 arrive:

{example}
An answer is read off the exit status and the output by a rule that is the same for all tools
([benchmarks/judges.py](../benchmarks/judges.py)), and the lines that show it stand below the table.
[benchmarks/compare.py](../benchmarks/compare.py) runs it all again; what each tool is given lies in
[benchmarks/peers/](../benchmarks/peers/).

"""

WORDS = """
- *found*: the exit status is not 0, and the output names the mistake. *line*: with the number of the line where it
  stands. *right word*: with the word that was meant. *passes*: the exit status is 0.
- In italics: nothing was run, for the reason given; where input sizes are *always inferred*, no wrong one can be
  written.
- Mixtral: torchinfo and mlnode get it from transformers, n-orca reads its configuration; in Keras it would have to be
  written first.
- Frameworks loaded: read off `python -X importtime` of a check.
- Time: whole processes on the three linear layers, in turn with `modelspec check`; the median of the ratios.
- MiB: the package with all that it requires, beside Python, without byte code; torch in its build for the CPU.

## What they do that modelspec does not

"""


def write() -> dict[Path, str]:
    """The page, and the README if it has a place for the table, by their paths."""
    record = json.loads((ROOT / "benchmarks" / "comparison.json").read_text(encoding="utf-8"))
    tools = yaml.safe_load((PEERS / "tasks.yaml").read_text(encoding="utf-8"))
    pages = {PAGE: write_page(record, tools)}
    readme = README.read_text(encoding="utf-8")
    if MARK.search(readme):
        pages[README] = MARK.sub(lambda _: "\n" + write_table(record["tools"], tools, SHORT) + "\n", readme)
    return pages


def write_page(record: dict[str, Any], tools: dict[str, Any]) -> str:
    """The page of a record."""
    recorded = record["tools"]
    parts = [
        INTRODUCTION.format(example=_show(recorded, tools, "wrong_size")),
        write_table(recorded, tools, tuple(TASKS)),
        WORDS,
        "".join(f"- {tool['beyond']}\n" for tool in tools.values() if "beyond" in tool),
        "\n## What was seen\n\n",
        f"Recorded with Python {record['python']} on {record['machine']}, with ",
        ", ".join(f"{name} {entry['version']}" for name, entry in recorded.items()),
        ".\n",
        *(_tell_task(recorded, tools, task) for task in JUDGED),
    ]
    return "".join(parts)


def write_table(recorded: dict[str, Any], tools: dict[str, Any], tasks: tuple[str, ...]) -> str:
    """The answers, a task a row and a tool a column."""
    rows = [[" ", *(tools[name]["title"] for name in recorded)], ["---"] * (len(recorded) + 1)]
    rows += [["Reads", *(tools[name]["reads"] for name in recorded)]]
    for task in tasks:
        answers = [_tell_answer(entry["tasks"][task]) for entry in recorded.values()]
        rows.append([TASKS[task][0], *answers])
    rows.append(["Time of a check", *(f"{entry['times']:,.1f} ×" for entry in recorded.values())])
    if tasks == tuple(TASKS):
        rows.append(["MiB installed", *(_tell_size(entry["mib"]) for entry in recorded.values())])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _tell_answer(seen: dict[str, Any]) -> str:
    return seen["answer"] if "command" in seen else f"*{seen['answer']}*"


def _tell_size(mib: float | None) -> str:
    return "not weighed" if mib is None else f"{mib:.1f}" if mib < 1 else f"{mib:,.0f}"


def _show(recorded: dict[str, Any], tools: dict[str, Any], task: str) -> str:
    """The commands of a task with the lines that they print, a tool after the other."""
    parts = []
    for name, entry in recorded.items():
        seen = entry["tasks"][task]
        if "command" in seen and seen["shows"]:
            status = f"exit status {seen['status']}"
            head = f"# {tools[name]['title'].replace('`', '')}: {seen['command']}, {status}"
            parts.append("\n".join([head, *seen["shows"], ""]))
    return "```text\n" + "\n".join(parts) + "```\n"


def _tell_task(recorded: dict[str, Any], tools: dict[str, Any], task: str) -> str:
    title, known = TASKS[task]
    given = [(tool["title"], tool["tasks"][task]) for tool in tools.values()]
    notes = [f"{title}: {task['note']}\n" for title, task in given if isinstance(task, dict) and "note" in task]
    return "\n".join([f"\n### {title}\n", f"{known}\n", _show(recorded, tools, task), *notes])


if __name__ == "__main__":
    for path, text in write().items():
        path.write_text(text, encoding="utf-8")
