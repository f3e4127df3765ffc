"""Compare the catalogue with a framework directly: `python -m tests.oracle.live DIALECT [SEED [SETS [NAME …]]]`.

Every difference is a line; the exit status is 1 if there is one.
"""

from __future__ import annotations

import json
import sys

from modelspec.catalogue import find, list_names

from .exceptions import is_exempt
from .ours import answer, compare
from .record import ask_all, load_oracle


def main(dialect: str, seed: str = "2", sets: str = "20", *names: str) -> int:
    """Compare a fresh draw of `sets` questions for each class, or for those named."""
    oracle = load_oracle(dialect)
    count = found = 0
    for name in names or list_names(dialect):
        layer = find(dialect, name)
        if layer is None:
            sys.exit(f"{dialect}.{name} is no class of the catalogue")
        for question, theirs in ask_all(layer, oracle, int(seed), int(sets)):
            count += 1
            _, ours = answer(layer, question)
            differences = list(compare(layer, ours, theirs))
            if differences and not is_exempt(layer, question, ours, theirs):
                found += 1
                sys.stdout.write(f"{dialect}.{name} {json.dumps(question)}: {'; '.join(differences)}\n")
    sys.stderr.write(f"{count:,} sets compared with {oracle.FRAMEWORK}, {found} differ\n")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
