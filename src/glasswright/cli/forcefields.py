"""``glasswright forcefields``: what the library holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from . import messages

if TYPE_CHECKING:
    from ..forcefield import BondOrderTerm, TripletTerm

forcefields = typer.Typer(help="List, show and plot the force fields of the library.", no_args_is_help=True)


@forcefields.command("list")
def list_() -> None:
    """Name, elements and Coulomb method of every force field in the library."""
    from rich.table import Table

    from ..library.forcefields import forcefield_names, load_forcefield

    table = Table(title="Force fields")
    for column in ("name", "title", "elements", "Coulomb"):
        table.add_column(column, overflow="fold")
    for name in forcefield_names():
        ff = load_forcefield(name)
        table.add_row(ff.name, ff.title, " ".join(sorted(ff.validity.elements)), ff.coulomb.method)
    messages.console().print(table)
    messages.next_command("glasswright forcefields show NAME")


Name = Annotated[str, typer.Argument(metavar="NAME|FILE.toml", help="Library name, or a TOML file of your own.", show_default=False)]


@forcefields.command()
def show(name: Name) -> None:
    """Every parameter of a force field, its range, what its source left open, and how to cite it."""
    from rich.table import Table
    from rich.text import Text

    from ..library.forcefields import load_forcefield

    ff = load_forcefield(name)
    out = messages.console()
    out.print(Text.assemble((ff.name, "bold"), f": {ff.title}"))
    damping = f", alpha {ff.coulomb.alpha:g} 1/Å" if ff.coulomb.alpha else ""
    out.print(f"Coulomb: {ff.coulomb.method}" + (f", cutoff {ff.coulomb.cutoff:g} Å{damping}" if ff.coulomb.method != "none" else ""))
    out.print(f"range: {ff.validity.composition or 'not stated'}; temperature {_temperatures(ff.validity.temperature)}")
    mq = ff.melt_quench
    out.print(f"melt: {mq.melt_temperature:g} K, {mq.melt_pressure:g} GPa, time step {mq.timestep:g} fs")
    charges = Table(title="Charges (e)")
    for column in ("species", "charge", "checked"):
        charges.add_column(column)
    for species in ff.species:
        charges.add_row(species.name, "from neutrality" if species.charge is None else f"{species.charge:+g}", species.status)
    out.print(charges)
    if ff.embedded:
        out.print(f"embedded atoms in tables of {ff.embedded.text.count(chr(10))} lines, cutoff {ff.embedded.cutoff:g} Å, checked: {ff.embedded.status}")
    pairs = Table(title="Pair terms (eV, Å)")
    for column in ("pair", "form", "parameters", "cutoff", "core", "checked"):
        pairs.add_column(column, overflow="fold")
    for (a, b), term in sorted(ff.pairs.items()):
        core = ", ".join(f"{key} {value}" if key != "kind" else str(value) for key, value in term.core.items())
        pairs.add_row(f"{a}-{b}", term.form, _parameters(term.parameters), f"{term.cutoff:g}", core, term.status)
    if ff.pairs:
        out.print(pairs)
    beyond: dict[str, Mapping[Any, TripletTerm | BondOrderTerm]] = {
        "Triplet terms (eV), end-centre-end": ff.triplets,
        "Bond orders, of a centre or bonded-centre-third": ff.bond_orders,
    }
    for title, terms in beyond.items():
        rows = Table(title=title)
        for column in ("species", "form", "parameters", "checked"):
            rows.add_column(column, overflow="fold")
        for key, term_of in sorted(terms.items()):
            rows.add_row("-".join(key), term_of.form, _parameters(term_of.parameters), term_of.status)
        if terms:
            out.print(rows)
    out.print("checked: V2 two independent sources agree; V1 one source; VC one source and a consistency check; user: yours")
    for title, lines in (
        ("Our choices, where the source is silent", ff.our_choices),
        ("Notes", ff.notes),
        ("Sources", [f"{s.text}{f' doi {s.doi}' if s.doi else ''}" for s in ff.sources]),
    ):
        if lines:
            out.print(Text(title, "bold"))
            for line in lines:
                out.print(f"- {line}")


def _parameters(parameters: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:.10g}" for key, value in parameters.items())


def _temperatures(span: tuple[float, float] | None) -> str:
    return "not stated" if span is None else f"{span[0]:g} to {span[1]:g} K"


@forcefields.command()
def plot(
    name: Name,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Picture to write, .png, .svg or .pdf; default: NAME.png.")] = None,
) -> None:
    """Draw the energy of every pair term, with and without its Coulomb energy."""
    from ..library.forcefields import load_forcefield
    from ..report.potentials import plot_forcefield

    forcefield = load_forcefield(name)
    path = out or Path(f"{forcefield.name.replace('/', '-')}.png")
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"A picture cannot be written as {path.name!r}.", mend="Let the name end in .png, .svg or .pdf.")
    plot_forcefield(forcefield).savefig(path, dpi=200)
    typer.echo(f"picture: {path}")
