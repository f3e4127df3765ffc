"""Print a command of the README: `python tools/read_readme.py NAME`.

A command that other programs run stands in a fenced block of the README under a comment with its name:
`<!-- command: check -->`. What is run is what people read.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
COMMAND = re.compile(r"^<!-- command: (?P<name>\w+) -->\n+```sh\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def read_commands(text: str) -> dict[str, str]:
    """The marked commands of a page, by name. Raises ValueError if a name is marked twice."""
    found: dict[str, str] = {}
    for match in COMMAND.finditer(text):
        if match["name"] in found:
            raise ValueError(f"the command '{match['name']}' is marked twice")
        found[match["name"]] = match["text"]
    return found


if __name__ == "__main__":
    sys.stdout.write(read_commands(README.read_text(encoding="utf-8"))[sys.argv[1]])
