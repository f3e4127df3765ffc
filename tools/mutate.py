"""Break the catalogue in a random sample of places, and see whether the tests notice: `python tools/mutate.py`.

For each change a process is forked from one that has all else loaded. There the changed module is compiled in memory,
what depends on it is imported anew, and the laws of tests/test_catalogue.py and the recorded answers of the frameworks
are held against the classes that can see it, until one fails. No file is written. Run by hand: it takes some minutes.

A change that no test notices is printed with its place. Those that change nothing are not made: tests/mutation/*.toml
lists them with the proof. tests/mutation/README.md tells what was measured, and what was left.
"""

from __future__ import annotations

import argparse
import ast
import gc
import os
import random
import resource
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module, util
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tools")]

from mutation import apply, list_changes  # noqa: E402 - the tool is run by its path

SHARED = "modelspec.shape"
SECONDS = 240
"""How much of a processor's time the tests may take with a change: one that hangs is noticed, too."""
MEMORY = 6 << 30
CAUGHT, SURVIVED = 1, 0


class Mutant(NamedTuple):
    """A change by the module and its number there; None for the module as it is."""

    module: str
    number: int | None


def path_of(module: str) -> Path:
    """The file of a module."""
    return ROOT / f"{module.replace('.', '/')}.py"


def list_modules() -> list[str]:
    """The modules that are changed: those of both dialects, and the arithmetic that they share."""
    files = [path for dialect in ("torch", "keras") for path in (ROOT / "modelspec/catalogue" / dialect).glob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files if path.stem != "__init__"]
    return [SHARED, *sorted(names)]


class Equivalent(NamedTuple):
    """A change that changes nothing: the file, the line as it is written there, what becomes of it, and the proof.

    `nth` tells which, counted from 0, where the same can be done to several places that read alike; None: all of them.
    """

    file: str
    line: str
    what: str
    why: str
    nth: int | None = None


def list_equivalents() -> list[Equivalent]:
    """The changes that are known to change nothing."""
    paths = sorted((ROOT / "tests" / "mutation").glob("*.toml"))
    return [
        Equivalent(**entry)
        for path in paths
        for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("change", ())
    ]


def find_equivalent(module: str, known: Sequence[Equivalent]) -> dict[Equivalent, list[int]]:
    """The numbers of a module's changes that change nothing, by what is known of them."""
    text = path_of(module).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.split("\n")]
    places: dict[tuple[str, str], list[int]] = {}
    for number, change in enumerate(list_changes(ast.parse(text))):
        places.setdefault((lines[change.line - 1], change.what), []).append(number)
    own = [each for each in known if path_of(module) == ROOT / "modelspec" / each.file]
    found = {each: places.get((each.line, each.what), []) for each in own}
    return {each: numbers if each.nth is None else numbers[each.nth : each.nth + 1] for each, numbers in found.items()}


def list_mutants(modules: Sequence[str]) -> list[Mutant]:
    """Every change to every module, but for those that are known to change nothing."""
    known = list_equivalents()
    mutants = []
    for module in modules:
        same = {number for numbers in find_equivalent(module, known).values() for number in numbers}
        count = len(list_changes(ast.parse(path_of(module).read_text(encoding="utf-8"))))
        mutants += [Mutant(module, number) for number in range(count) if number not in same]
    return mutants


def list_users(module: str) -> list[str]:
    """The modules of the dialect that import this one, itself first; directly or by others."""
    package = module.rpartition(".")[0]
    imports: dict[str, set[str]] = {}
    for name in (name for name in list_modules() if name.startswith(f"{package}.")):
        tree = ast.parse(path_of(name).read_text(encoding="utf-8"))
        imports[name] = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    users = [module]
    for user in users:
        users += [name for name, used in imports.items() if user in used and name not in users]
    return users


def list_classes(module: str) -> list[str]:
    """The layer classes that can see a change in this module, by dialect and name; the nearest first."""
    from modelspec.catalogue.index import TYPES

    if not module.startswith("modelspec.catalogue."):
        names = [f"{dialect}.{name}" for dialect, types in TYPES.items() for name in types]
        random.Random(0).shuffle(names)
        return names
    dialect = module.split(".")[2]
    families = [user.rpartition(".")[2] for user in list_users(module)]
    types = TYPES[dialect]
    return [f"{dialect}.{name}" for family in families for name in types if types[name] == family]


class _Changed(MetaPathFinder, Loader):
    """Gives one module its changed code."""

    def __init__(self, module: str, code: Any) -> None:
        self.module, self.code = module, code

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        return util.spec_from_loader(fullname, self) if fullname == self.module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


def load_anew(module: str, code: Any) -> None:
    """Let the changed module and all that depends on it be imported anew."""
    sys.meta_path.insert(0, _Changed(module, code))
    package = module.rpartition(".")[0]
    prefixes = (f"{package}.",)
    if not module.startswith("modelspec.catalogue."):
        prefixes = ("modelspec.", "oracle.", "test_")
    for name in [name for name in sys.modules if f"{name}.".startswith(prefixes) or name.startswith(prefixes)]:
        del sys.modules[name]


def list_tests() -> Iterator[tuple[str, Callable[[str], object]]]:
    """The tests of one class, by its dialect and name, in the order in which they find most."""
    laws, answers, origins, unknown, places = (
        import_module(f"test_{name}") for name in ("catalogue", "oracle", "origins", "unknown", "places")
    )
    from modelspec.catalogue import find
    from modelspec.reference import describe

    def hold_page(layer: Any) -> None:
        dialect, family = layer.__module__.split(".")[2:]
        page = (ROOT / "docs" / "layers" / dialect / f"{family}.md").read_text(encoding="utf-8")
        assert f"```text\n{describe(layer)}```" in page

    def by_class(test: Callable[[Any], object]) -> Callable[[str], object]:
        return lambda name: test(find(*name.split(".")))

    def hold_examples(layer: Any) -> None:
        for example in layer.examples:
            laws.test_example_comes_out_as_it_says(layer, example)

    yield "examples", by_class(hold_examples)
    yield "recorded answers", answers.test_catalogue_answers_as_the_framework_did
    yield "numbers by hand", by_class(laws.test_numbers_by_hand_are_the_counted_ones)
    yield "names of axes", by_class(laws.test_axes_of_tensors_are_as_long_as_their_names_say)
    yield "numbers of inputs", by_class(laws.test_every_number_of_inputs_is_shown)
    yield "constraints", by_class(laws.test_examples_show_every_constraint)
    yield "unknown axes", by_class(unknown.test_what_is_known_with_an_unknown_axis_is_so_with_any_size)
    yield "unknown arguments", by_class(unknown.test_what_is_known_with_an_unknown_argument_is_so_with_any)
    yield "what an unknown axis leaves known", by_class(unknown.test_what_an_unknown_axis_does_not_alter_is_known)
    yield (
        "what an unknown argument leaves known",
        by_class(unknown.test_what_an_unknown_argument_does_not_alter_is_known),
    )
    yield "places", by_class(places.test_a_finding_points_at_sizes_that_it_is_about)
    yield "named constraints", by_class(laws.test_constraints_that_are_named_are_written_down)
    yield "fields", by_class(laws.test_fields_say_what_they_take)
    yield "constructor", answers.test_every_argument_of_the_constructor_is_a_field
    yield "page", lambda name: hold_page(find(*name.split(".")))
    yield "origins", lambda name: origins.test_an_axis_comes_from_one_that_is_as_long(*name.split("."))


def hold_schema() -> None:
    """The published JSON Schema is what the classes make of themselves. It takes seconds, so that it comes last."""
    tool, path = import_module("write_schema"), ROOT / "schema" / "modelspec-v1.schema.json"
    assert tool.write()[path] == path.read_text(encoding="utf-8")


def hold_shapes() -> None:
    """The laws of the arithmetic of sizes."""
    laws = import_module("test_shape")
    for one, other in product(laws.SIZES, repeat=2):
        laws.test_what_is_said_of_two_sizes(one, other)
    for name, law in vars(laws).items():
        if name.startswith("test_") and law is not laws.test_what_is_said_of_two_sizes:
            law()


def find_failure(mutant: Mutant) -> str | None:
    """The first test that fails with the change, and the class; None if none does."""
    try:
        text = path_of(mutant.module).read_text(encoding="utf-8")
        tree = ast.parse(text) if mutant.number is None else apply(text, mutant.number)[0]
        load_anew(mutant.module, compile(tree, str(path_of(mutant.module)), "exec", dont_inherit=True))
        tests = list(list_tests())
    except Exception as error:
        return f"import: {type(error).__name__}"
    try:
        if mutant.module == SHARED:
            hold_shapes()
    except BaseException as error:
        return f"shapes: {type(error).__name__}"
    names = list_classes(mutant.module)
    # Of a module as it is, one class shows that it is loaded as it should be; `shape` is under all of them.
    whole = mutant.number is not None or mutant.module == SHARED
    for name in names if whole else names[:1]:
        for what, test in tests:
            try:
                test(name)
            except BaseException as error:
                return f"{what} of {name}: {type(error).__name__}"
    try:
        if whole:
            hold_schema()
    except BaseException as error:
        return f"schema: {type(error).__name__}"
    return None


def _judge(mutant: Mutant, pipe: int) -> None:
    """What the forked process does."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    failure = find_failure(mutant)
    os.write(pipe, (failure or "").encode()[:2_000])
    os._exit(SURVIVED if failure is None else CAUGHT)


def judge_all(mutants: Sequence[Mutant], jobs: int) -> Iterator[tuple[Mutant, str | None]]:
    """Each change with the failure that shows it, as they are known; None for one that no test notices."""
    waiting, running = list(reversed(mutants)), {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            reading, writing = os.pipe()
            sys.stdout.flush()
            process = os.fork()
            if not process:
                _judge(mutant, writing)
            os.close(writing)
            running[process] = (mutant, reading)
        process, status = os.wait()
        mutant, reading = running.pop(process)
        with os.fdopen(reading, "rb") as told:
            failure = told.read().decode("utf-8", "replace")
        survived = os.waitstatus_to_exitcode(status) == SURVIVED
        yield mutant, None if survived else failure or "it hangs, or takes all memory"


def main(arguments: list[str]) -> int:
    """Judge a sample; the exit status is 1 if fewer are caught than asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--share", type=float, default=0.98, help="the share that must be caught")
    parser.add_argument("--only", default="", help="only modules with this in their names")
    parser.add_argument("--verbose", action="store_true", help="tell what catches each")
    chosen = parser.parse_args(arguments)
    modules = [module for module in list_modules() if chosen.only in module]
    everything = list_mutants(modules)
    sample = random.Random(chosen.seed).sample(everything, min(chosen.sample, len(everything)))
    list(list_tests())
    gc.freeze()
    sound = sorted({SHARED, *(mutant.module for mutant in sample)})
    spoilt = [
        f"{each.module}: {failure}"
        for each, failure in judge_all([Mutant(m, None) for m in sound], chosen.jobs)
        if failure
    ]
    if spoilt:
        sys.exit("the tests fail as it is:\n" + "\n".join(spoilt))
    survivors = []
    for mutant, failure in judge_all(sample, chosen.jobs):
        assert mutant.number is not None
        path = path_of(mutant.module)
        change = apply(path.read_text(encoding="utf-8"), mutant.number)[1]
        told = f"{path.relative_to(ROOT)}:{change.line}: {change.what}"
        if failure is None:
            survivors.append(told)
        if chosen.verbose:
            sys.stdout.write(f"{'survived' if failure is None else 'caught  '} {told} ({failure})\n")
    caught = len(sample) - len(survivors)
    sys.stdout.write("".join(f"{told}\n" for told in sorted(survivors)))
    share = caught / len(sample)
    sys.stdout.write(
        f"seed {chosen.seed}: {caught} of {len(sample)} changes caught ({share:.1%}), of {len(everything):,}\n"
    )
    return 0 if share >= chosen.share else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
