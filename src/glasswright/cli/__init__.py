"""The command line: parse → one workflow → print. One file per verb, imported when the verb is typed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from .analyze import analyze
from .compare import compare
from .doctor import doctor
from .forcefields import forcefields
from .messages import PlainErrors
from .quench import quench
from .refine import refine
from .report import report
from .resume import resume
from .scorecard import scorecard

app = typer.Typer(
    name="glasswright",
    cls=PlainErrors,
    help="Makes glasses atom by atom: composition → melt-quench molecular dynamics → analysis → report.",
    epilog="First glass: glasswright quench SiO2 --atoms 700 --rate '500 K/ps'",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and leave.", is_eager=True)) -> None:
    if version:
        import glasswright

        typer.echo(f"glasswright {glasswright.__version__}")
        raise typer.Exit


for verb in (quench, refine, resume, analyze, compare, scorecard, report, doctor):
    app.command()(verb)
app.add_typer(forcefields, name="forcefields")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status: 0 done, 1 failed run, 2 bad input, 130 stopped by hand."""
    app(args=list(sys.argv[1:] if arguments is None else arguments), prog_name="glasswright")
