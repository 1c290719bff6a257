"""``glasswright quench``: from a composition to a glass with its report."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import messages
from .config import quench_settings

if TYPE_CHECKING:
    from ..protocols.settings import QuenchSettings

_RUN = "What runs"
_MODEL = "Model"
_WHERE = "Where"


def quench(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMPOSITION|KEY=VALUE",
            help="Composition such as SiO2, 30Na2O-70SiO2 or 'Na2O 30 SiO2 70 wt%', or a structure file to melt; KEY=VALUE sets any key of the config file.",
            show_default=False,
        ),
    ] = None,
    atoms: Annotated[int | None, typer.Option("--atoms", "-n", help="Atoms, to the nearest neutral count; default: 3000.", rich_help_panel=_MODEL)] = None,
    forcefield: Annotated[
        str | None, typer.Option("--forcefield", "-f", help="Library name or TOML file; default: the one whose range fits best.", rich_help_panel=_MODEL)
    ] = None,
    coulomb: Annotated[str | None, typer.Option(help="ewald, dsf or wolf; default: as the force field's authors.", rich_help_panel=_MODEL)] = None,
    density: Annotated[str | None, typer.Option(help="Starting density, '2.2 g/cm3'; default: measured, else modelled.", rich_help_panel=_MODEL)] = None,
    rate: Annotated[str | None, typer.Option("--rate", "-r", help="Cooling rate, '10 K/ps'; default: 10 K/ps.", rich_help_panel=_RUN)] = None,
    ensemble: Annotated[str | None, typer.Option(help="npt or nvt; default: npt.", rich_help_panel=_RUN)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of packing and velocities; default: 1.", rich_help_panel=_RUN)] = None,
    replicas: Annotated[int | None, typer.Option(help="Independent glasses, each from its own melt; default: 1.", rich_help_panel=_RUN)] = None,
    engine: Annotated[str | None, typer.Option(help="auto or the name of an engine; default: auto.", rich_help_panel=_RUN)] = None,
    command: Annotated[str | None, typer.Option(help="External LAMMPS, 'mpirun -n 4 lmp'.", rich_help_panel=_RUN)] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of one replica; default: 1.", rich_help_panel=_RUN)] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="TOML file of settings.", rich_help_panel=_WHERE)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run directory; default: runs/COMPOSITION-FORCEFIELD-sSEED.", rich_help_panel=_WHERE)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing run directory.", rich_help_panel=_WHERE)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print stages, steps and the expected time; run nothing.", rich_help_panel=_WHERE)] = False,
) -> None:
    """Make a glass: pack, melt, quench, analyse, compare with experiment and write a report."""
    options = {
        "n_atoms": atoms,
        "forcefield": forcefield,
        "coulomb": coulomb,
        "density": density,
        "rate": rate,
        "ensemble": ensemble,
        "seed": seed,
        "replicas": replicas,
        "engine": engine,
        "command": command,
        "threads": threads,
    }
    settings = quench_settings(words or [], config, options)
    if dry_run:
        _print_plan(settings)
        return
    from ..workflows.quench import quench as run_quench
    from .summary import print_run

    directory = out or default_directory(settings)
    values = settings.to_dict()
    with messages.resumable(directory):
        run = run_quench(values.pop("composition"), out=directory, overwrite=overwrite, progress=True, **values)
    print_run(run)


def default_directory(settings: QuenchSettings) -> Path:
    """A directory named after what makes the glass: ``runs/30Na2O-70SiO2-teter-s1``."""
    composition, forcefield = settings.composition, settings.forcefield
    if os.path.isfile(composition):
        composition = Path(composition).stem
    elif forcefield is None:
        from ..composition import Composition
        from ..library.forcefields import choose_forcefield

        forcefield = choose_forcefield(Composition(composition))[0].name
    if forcefield and forcefield.endswith(".toml"):
        forcefield = Path(forcefield).stem
    parts = (composition, forcefield or "", settings.coulomb or "", f"s{settings.seed}")
    return Path("runs") / "-".join(re.sub(r"[^\w.+]+", "-", part).strip("-") for part in parts if part)


def _print_plan(settings: QuenchSettings) -> None:
    from rich.table import Table

    from ..workflows.quench import plan_quench

    values = settings.to_dict()
    plan = plan_quench(values.pop("composition"), calibrate=True, **values)
    job = plan.job
    table = Table(title=f"Plan: {job.name}")
    for heading in ("stage", "ensemble", "T (K)", "P (GPa)", "steps", "time (ps)", "wall time"):
        table.add_column(heading, justify="left" if heading in ("stage", "ensemble") else "right")
    for row in plan.rows():
        steps = f"{row['steps']:,}" if row["steps"] else ""
        times = (f"{row['time_ps']:g}" if "time_ps" in row else "", _clock(row["wall_seconds"]) if "wall_seconds" in row else "")
        table.add_row(row["stage"], row["ensemble"], _span(row.get("temperature")), _span(row.get("pressure")), steps, *times)
    out = messages.console()
    out.print(table)
    for warning in job.remarks["warnings"]:
        out.print(f"warning: {warning}")
    out.print(f"force field: {job.forcefield.name} ({job.remarks['forcefield_reason']})")
    out.print(f"engine: {job.engine.name} ({job.engine_reason})")
    each = " for each replica" if settings.replicas > 1 else ""
    out.print(f"expected: {plan.n_steps:,} steps, {_clock(plan.seconds or 0.0)}{each}, before any extension of melt and relaxation")
    messages.next_command("the same without --dry-run")


def _span(values: list[float] | None) -> str:
    if values is None:
        return ""
    first, last = values
    return f"{first:g}" if first == last else f"{first:g} → {last:g}"


def _clock(seconds: float) -> str:
    """``1:02:03``, or ``12 s`` below a minute."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
