"""The commands, as Typer sees them: what each takes, in words. Each answers in a module of its own."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Optional, TypeVar

import typer
from typer.models import OptionInfo

from modelspec.cli import console
from modelspec.version import VERSION

__all__ = ["COMMANDS", "build", "narrow", "run_app"]

Answer = TypeVar("Answer")


class Format(StrEnum):
    """Output formats."""

    text = "text"
    json = "json"
    jsonl = "jsonl"
    markdown = "markdown"
    github = "github"
    gitlab = "gitlab"
    junit = "junit"
    sarif = "sarif"
    csv = "csv"
    mermaid = "mermaid"
    html = "html"


class Severity(StrEnum):
    """What is enough to fail."""

    error = "error"
    warning = "warning"


class Dialect(StrEnum):
    """Whose layers."""

    torch = "torch"
    keras = "keras"


class Template(StrEnum):
    """What a first spec starts from."""

    mlp = "mlp"
    cnn = "cnn"
    rnn = "rnn"
    transformer = "transformer"
    keras = "keras"


class Which(StrEnum):
    """Which JSON Schema."""

    spec = "spec"
    report = "report"


Paths = Annotated[
    Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Argument(
        metavar="PATHS", help="Specs, folders to search for specs, or - for standard input.", show_default="."
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How to write it.")]
OutputOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file, whole or not at all.", show_default=False),
]
StdinOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--stdin-filename", metavar="NAME", help="What to call standard input.", show_default=False),
]

VariantOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--variant", metavar="NAME", help="Take this variant alone.", show_default="all"),
]
JobsOption = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--jobs", "-j", metavar="N", min=1, help="Look at files by N processes.", show_default="all cores"),
]
SetOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--set", metavar="NAME=VALUE", help="Set a variable, such as seq=2048.", show_default=False),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"modelspec {VERSION}")
        raise typer.Exit


def main(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Check model architecture files, count what they cost, and hold that against their budgets."""


def check(
    paths: Paths = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    skip_unmarked: Annotated[
        bool, typer.Option("--skip-unmarked", help="Pass over files without the key 'modelspec', also named by hand.")
    ] = False,
    force_exclude: Annotated[
        bool, typer.Option("--force-exclude", help="Leave excluded files out, also named by hand.")
    ] = False,
    stdin_filename: StdinOption = None,
    variant: VariantOption = None,
    set: SetOption = None,
    against: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--against",
            metavar="REV",
            help="Compare with the merge base of this git revision, and hold growth to its limits.",
            show_default=False,
        ),
    ] = None,
    baseline: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--baseline", metavar="FILE", help="Accept the problems in this file; only worse fails.", show_default=False
        ),
    ] = None,
    jobs: JobsOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print what was found, and nothing else.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell what was looked at, too.")] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 even if something was found.")] = False,
    fail_on: Annotated[Severity, typer.Option("--fail-on", help="What is enough to fail.")] = Severity.error,
    fix: Annotated[bool, typer.Option("--fix", help="Mend in the files what is certain, then check them.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what --fix (or the two below) would change, and write nothing.")
    ] = False,
    write_inferred: Annotated[
        bool, typer.Option("--write-inferred", help="Write out in the files what is inferred, such as in_features.")
    ] = False,
    update_pins: Annotated[
        bool, typer.Option("--update-pins", help="Write today's counts where a budget pins them by `exactly`.")
    ] = False,
    select: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--select",
            metavar="CODES",
            help="Give this advice, such as MS601,MS612, or MS6 for all.",
            show_default="what the configuration says",
        ),
    ] = None,
    ignore: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--ignore", metavar="CODES", help="Do not give this advice.", show_default=False),
    ] = None,
) -> None:
    """Check specs and hold them against their budgets."""
    from modelspec.cli.check import check

    _leave(
        check(
            paths or ["."],
            format=format.value,
            output=output,
            skip_unmarked=skip_unmarked,
            force_exclude=force_exclude,
            stdin_filename=stdin_filename,
            variant=variant,
            settings=set or (),
            against=against,
            baseline=baseline,
            jobs=jobs,
            quiet=quiet,
            verbose=verbose,
            exit_zero=exit_zero,
            fail_on=fail_on.value,
            fix=fix,
            diff=diff,
            write_inferred=write_inferred,
            update_pins=update_pins,
            select=select or (),
            ignore=ignore or (),
        )
    )


def watch(
    paths: Paths = None,
    variant: VariantOption = None,
    set: SetOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print what was found, and nothing else.")] = False,
    clear: Annotated[
        bool, typer.Option("--clear/--no-clear", help="Clear the terminal before each check but the first.")
    ] = True,
) -> None:
    """Check specs again as files change, and compare with when all was last well. Ctrl-C ends it."""
    from modelspec.cli.watch import watch

    _leave(watch(paths or ["."], variant=variant, settings=set or (), quiet=quiet, clear=clear))


def report(
    paths: Paths = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    stdin_filename: StdinOption = None,
    variant: VariantOption = None,
    set: SetOption = None,
    jobs: JobsOption = None,
) -> None:
    """Report what each layer and the whole model cost."""
    from modelspec.cli.report import report

    _leave(
        report(
            paths or ["."],
            format=format.value,
            output=output,
            stdin_filename=stdin_filename,
            variant=variant,
            settings=set or (),
            jobs=jobs,
        )
    )


def explain(
    path: Annotated[str, typer.Argument(metavar="PATH|CODE", help="A spec, - for standard input, or a code (MS304).")],
    layer: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(metavar="LAYER", help="The path of one layer.", show_default="all"),
    ] = None,
    output: OutputOption = None,
    stdin_filename: StdinOption = None,
    variant: VariantOption = None,
    set: SetOption = None,
) -> None:
    """Explain how each number comes about, or a code."""
    from modelspec.cli.explain import explain

    _leave(explain(path, layer, output=output, stdin_filename=stdin_filename, variant=variant, settings=set or ()))


def resolve(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A spec, or - for standard input.")],
    output: OutputOption = None,
    stdin_filename: StdinOption = None,
    variant: VariantOption = None,
    set: SetOption = None,
) -> None:
    """Write a spec out with all that is inferred in it."""
    from modelspec.cli.resolve import resolve

    _leave(resolve(path, output=output, stdin_filename=stdin_filename, variant=variant, settings=set or ()))


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A spec or a folder, or REV:PATH of git.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, of the version to compare with it.")],
    format: FormatOption = Format.text,
    output: OutputOption = None,
    variant: VariantOption = None,
    set: SetOption = None,
) -> None:
    """Compare two versions of specs: structure, and cost."""
    from modelspec.cli.diff import diff

    _leave(diff(old, new, format=format.value, output=output, variant=variant, settings=set or ()))


def layers(
    type: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(metavar="TYPE", help="A layer type, such as Linear.", show_default="all"),
    ] = None,
    dialect: Annotated[
        Optional[Dialect],  # noqa: UP045
        typer.Option("--dialect", "-d", help="Whose layers.", show_default="both"),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Show the catalogue: all layer types, or one in full."""
    from modelspec.cli.layers import layers

    _leave(layers(type, dialect=dialect.value if dialect is not None else None, output=output))


def schema(
    which: Annotated[
        Which, typer.Argument(metavar="spec|report", help="Of a spec, or of the JSON report.")
    ] = Which.spec,
    output: OutputOption = None,
) -> None:
    """Print the JSON Schema of specs, or of the JSON report."""
    from modelspec.cli.schema import schema

    _leave(schema(which.value, output=output))


def config(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A spec, or - for standard input.")],
    output: OutputOption = None,
    stdin_filename: StdinOption = None,
) -> None:
    """Show what limits hold for a spec, and where each comes from."""
    from modelspec.cli.config import config

    _leave(config(path, output=output, stdin_filename=stdin_filename))


def baseline(
    paths: Paths = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The baseline, written whole or not at all.")
    ] = "modelspec-baseline.json",
    ratchet: Annotated[
        bool, typer.Option("--ratchet", help="Take in what is better or gone, and nothing else.")
    ] = False,
    variant: VariantOption = None,
    set: SetOption = None,
) -> None:
    """Write down what is wrong today, for `check --baseline` to accept no worse."""
    from modelspec.cli.baseline import baseline

    _leave(baseline(paths or ["."], output=output, ratchet=ratchet, variant=variant, settings=set or ()))


def init(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The file to write.")] = "model.yaml",
    template: Annotated[
        Optional[Template],  # noqa: UP045
        typer.Option("--template", "-t", help="What to start from.", show_default="mlp"),
    ] = None,
    list: Annotated[bool, typer.Option("--list", help="Show what there is to start from, and write nothing.")] = False,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="NAME", help="The model's name.", show_default="the file's"),
    ] = None,
    input: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--input", metavar="SIZES", help="One sample, without the batch, such as 3x32x32.", show_default=False
        ),
    ] = None,
    classes: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--classes", "--outputs", metavar="N", help="What the last layer gives.", show_default=False),
    ] = None,
    vocabulary: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--vocabulary", metavar="N", help="Of texts, the tokens that it knows.", show_default="10,000"),
    ] = None,
    budget: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--budget",
            metavar="LIMIT",
            help="For the parameters: 60K, or what it leaves above those that there are.",
            show_default="10%",
        ),
    ] = None,
    dialect: Annotated[
        Optional[Dialect],  # noqa: UP045
        typer.Option("--dialect", "-d", help="Whose layers.", show_default="torch"),
    ] = None,
) -> None:
    """Write a first spec to start from. On a terminal, without options, it asks."""
    from modelspec.cli.init import Wishes, init, list_starters

    if list:
        _leave(console.WELL if console.write(list_starters(), None) else console.USAGE)
        return
    wishes = Wishes(
        template=None if template is None else template.value,
        dialect=None if dialect is None else dialect.value,
        name=name,
        input=input,
        classes=classes,
        vocabulary=vocabulary,
        budget=budget,
    )
    try:
        status = init(path, wishes, ask=_ask if console.is_interactive() else None)
    except typer.Abort:
        console.complain("nothing is written")
        status = console.STOPPED
    _leave(status)


def _ask(question: str, default: str, read: Callable[[str], Answer]) -> Answer:
    """Ask until the answer can be read. Raises typer.Abort where it is broken off."""
    from modelspec.refusal import Refused

    def take(text: str) -> Answer:
        try:
            return read(text)
        except Refused as refused:
            raise typer.BadParameter(next(refused.each()).message) from refused

    answer: Answer = typer.prompt(question, default=default, value_proc=take)
    return answer


def _leave(status: int) -> None:
    if status != console.WELL:
        raise typer.Exit(status)


COMMANDS: dict[str, Callable[..., None]] = {
    "check": check,
    "watch": watch,
    "report": report,
    "explain": explain,
    "resolve": resolve,
    "diff": diff,
    "config": config,
    "layers": layers,
    "schema": schema,
    "baseline": baseline,
    "init": init,
}


def build(commands: Mapping[str, Callable[..., None]] = COMMANDS) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        name="modelspec",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(main)
    for name, command in commands.items():
        app.command(name)(command)
    return app


def narrow(command: Callable[..., None], arguments: list[str]) -> Callable[..., None]:
    """A command with those options alone that a call gives: Typer builds a Pydantic adapter for each that there is.

    It stays whole where the call gives anything else, `--help` for one.
    """
    signature = inspect.signature(command, eval_str=True)
    options: dict[str, str] = {}
    kept = set()
    for name, parameter in signature.parameters.items():
        told = parameter.annotation.__metadata__[0]
        if isinstance(told, OptionInfo):
            spellings = [str(told.default), *(told.param_decls or ())]
            options.update(dict.fromkeys([each for spelling in spellings for each in spelling.split("/")], name))
        else:
            kept.add(name)
    given = [argument.partition("=")[0] for argument in arguments if argument[:1] == "-" and argument != "-"]
    if not all(name in options for name in given):
        return command
    kept.update([options[name] for name in given])

    def called(**values: Any) -> None:
        command(**values)

    parameters = [parameter for name, parameter in signature.parameters.items() if name in kept]
    vars(called)["__signature__"] = signature.replace(parameters=parameters)
    called.__annotations__.clear()
    return called


def run_app(arguments: list[str]) -> int:
    """Run the command line; return its exit status."""
    wanted = arguments[0] if arguments else ""
    if wanted in COMMANDS and "_MODELSPEC_COMPLETE" not in os.environ:
        app = build({wanted: narrow(COMMANDS[wanted], arguments[1:])})
    else:
        app = build()
    try:
        app(arguments, prog_name="modelspec", standalone_mode=True)
    except SystemExit as leaving:
        status = leaving.code
        if isinstance(status, int):
            return status
        return console.WELL if status is None else console.USAGE
    return console.WELL
