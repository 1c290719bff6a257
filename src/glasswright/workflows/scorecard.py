"""One table over several glasses: agreement with data, energy by one force field, order, cost."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..analysis.findings import Findings, Number
from ..analysis.frames import elements_and_types
from ..analysis.network.bonds import all_bonds, network_cutoffs
from ..analysis.network.environments import coordination_defects
from ..analysis.sample import Sample
from ..analysis.scattering.agreement import Freedom
from ..analysis.store import write_findings
from ..analysis.survey import survey
from ..engines import calculator
from ..errors import InputError, RunFailed
from ..experiment import Experiment
from ..forcefield import ForceField
from ..io.atomic import write_text
from ..io.experiments import DataSet, names_of, read_data_sets
from ..io.run import Run
from ..io.run_writer import claim, write_run_toml
from ..io.structures import write_structure
from ..library.forcefields import load_forcefield
from ..library.measurements import measured_curves
from .analyze import Progress, composition_of
from .compare import compare_shells
from .glasses import Glass, Source, common_cutoffs, glasses_of
from .job import FORCEFIELD_FILE
from .md import minimize
from .refined import KIND, freedom_of, title

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

GROUPS = ("pairs", "network", "rings")
"""Of the analysis."""
TABLE = "scorecard.csv"
ROWS = (
    ("data", r"R_chi, .*"),
    ("energy", r"U.*"),
    ("coordination", r"(?!O-).* coordination|.* defects|.* in shared edges|four-coordinated boron|.* bonds, share of all bonds"),
    ("angles", r".* angle(, standard deviation)?"),
    ("network", r"mean Qn|non-bridging oxygen fraction|bonds on no ring.*|largest part of the network"),
    ("rings", r"mean ring size, .*|rings of \d+, .*"),
    ("distances", r".* distance|density"),
    ("cost", r"moves|CPU time"),
)
"""What the table shows, in this order: group, and the names of its quantities."""
NOTHING_FITTED = Freedom(scale=False)
Column: TypeAlias = dict[str, Number]
"""Quantity → value of one glass."""


@dataclass(frozen=True)
class Row:
    """One quantity of every glass that has it."""

    quantity: str
    group: str
    """``data``, ``energy``, ``coordination``, ``angles``, ``network``, ``rings``, ``distances`` or ``cost``."""
    unit: str
    values: Mapping[str, Number]
    """Glass → mean over its replicas with their sample standard deviation."""


@dataclass(frozen=True, eq=False)
class Scorecard:
    """Several glasses side by side; on disk under ``path`` where that was given."""

    glasses: Mapping[str, str]
    """Name → how it was made."""
    rows: tuple[Row, ...]
    forcefield: str | None
    """Of all energies."""
    warnings: tuple[str, ...] = ()
    path: Path | None = None

    def __getitem__(self, quantity: str) -> Mapping[str, Number]:
        """Glass → value of a quantity, such as ``"U, minimised"``."""
        for row in self.rows:
            if row.quantity == quantity:
                return row.values
        raise KeyError(quantity)


def scorecard(
    glasses: Mapping[str, Source] | Sequence[Source],
    experiments: Experiment | Sequence[Experiment | DataSet] | str | Path | None = None,
    forcefield: str | ForceField | None = None,
    *,
    relax: bool = True,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Scorecard:
    """Set several glasses of one composition side by side: how far each agrees with the data and what each costs in energy and order.

    Every glass is judged by one configuration of each of its replicas, neighbours are counted with the same cutoffs, energies are by one force
    field, as the structures stand and after they were minimised in their cells.

    Parameters
    ----------
    glasses
        Run directories, structure files, Runs, results of ``refine`` or Atoms; a mapping gives them names.
    experiments
        Measured curves, or the path of a data file (``exp.toml``); None: those of the first refinement among the glasses, else those of the
        library.
    forcefield
        Library name, TOML path or ForceField; None: that of the first run that has one. Without any there are no energies.
    relax
        Minimise the energy of every configuration as well.
    out
        Directory for the table, the curves of each glass and the page; None: none.
    overwrite
        Replace a scorecard that is already there.
    progress
        Told the fraction done and what is being done.

    Raises
    ------
    InputError
        If something cannot be read, the glasses are of different materials, or the force field does not know them.
    """
    progress = progress or (lambda fraction, what: None)
    found = glasses_of(glasses)
    data = data_sets(experiments, found)
    energies = _forcefield(forcefield, found)
    path = None if out is None else Path(out)
    if path is not None:
        claim(path, overwrite)
    cutoffs, warnings = common_cutoffs(found), list[str]()
    columns: dict[str, Column] = {}
    for number, glass in enumerate(found):
        share = _share(progress, number, len(found), glass.name)
        sample = Sample(glass.frames, given_cutoffs=cutoffs)
        share(0.0, "structure")
        findings = survey(sample, GROUPS)
        share(0.2, "data")
        curves, residuals = _residuals(glass.frames, data, warnings)
        share(0.3, "energy")
        columns[glass.name] = {**residuals, **_energies(glass, energies, data, relax, warnings), **findings.numbers, **_defects(sample), **_cost(glass)}
        if path is not None:
            _write_glass(path / _folder(number), glass, findings | curves)
    rows = _rows(columns)
    card = Scorecard({g.name: g.what for g in found}, rows, energies.name if energies else None, tuple(dict.fromkeys(warnings)), path)
    if path is not None:
        progress(1.0, "page")
        _write(path, card, found, data)
    return card


def data_sets(experiments: Experiment | Sequence[Experiment | DataSet] | str | Path | None, glasses: Sequence[Glass]) -> list[DataSet]:
    """The data to judge by."""
    if isinstance(experiments, str | Path):
        from ..targets import read_data

        return list(read_data(experiments).data)
    if experiments is not None:
        given = [experiments] if isinstance(experiments, Experiment) else list(experiments)
        curves = [e for e in given if isinstance(e, Experiment)]
        names = iter(names_of(curves))
        return [e if isinstance(e, DataSet) else DataSet(next(names), e, {"scale": "fit"}) for e in given]
    for glass in glasses:
        if glass.run is not None and glass.run.replicas[0].settings["kind"] == KIND:
            return read_data_sets(glass.run.replicas[0].path)
    composition = composition_of(glasses[0].frames[0])
    entries = [] if composition is None else measured_curves(composition)
    there = [DataSet(entry.name, experiment, {"scale": "fit"}) for entry in entries if (experiment := entry.load()) is not None]
    in_q = {one.experiment.radiation for one in there if one.experiment.in_q}
    return [one for one in there if one.experiment.in_q or one.experiment.radiation not in in_q]  # a T(r) is its i(Q) once more


def _forcefield(given: str | ForceField | None, glasses: Sequence[Glass]) -> ForceField | None:
    if given is not None:
        return given if isinstance(given, ForceField) else load_forcefield(given)
    kept = [g.run.replicas[0].path / FORCEFIELD_FILE for g in glasses if g.run is not None]
    return next((load_forcefield(file) for file in kept if file.is_file()), None)


def _share(progress: Progress, number: int, of: int, name: str) -> Progress:
    return lambda fraction, what: progress((number + fraction) / of, f"{name}: {what}")


def _residuals(frames: Sequence[Atoms], data: Sequence[DataSet], warnings: list[str], after: str = "") -> tuple[Findings, Column]:
    """R_chi of single configurations, as the data are to be treated and as normalised by the experimenters; and the curves of their mean."""
    found, rows, squares, weights = Findings(), Column(), [], []
    singles = [Sample([atoms]) for atoms in frames]
    for one in data:
        try:
            scores = [compare_shells(sample.shells, one.experiment, freedom_of(one)) for sample in singles]
        except InputError as error:
            warnings.append(f"The data {one.name} are left out: {error}")
            continue
        rows[f"R_chi, {one.name}{after}"] = Number.over([s.r_chi_scaled for s in scores])
        if not after and freedom_of(one) != NOTHING_FITTED:
            rows[f"R_chi, {one.name}, nothing fitted"] = Number.over([s.r_chi for s in scores])
        squares.append([s.r_chi_scaled**2 for s in scores])
        weights.append(float(one.treatment.get("weight", 1.0)))
        about = {**one.experiment.curve.metadata, "measured": True, "title": title(one)}
        found |= Findings({f"measured_{one.name}": replace(one.experiment.curve, metadata=about), f"fitted_{one.name}": scores[0].curves["fitted"]})
    if len(squares) > 1:
        rows[f"R_chi, all data{after}"] = Number.over(np.sqrt(np.average(squares, axis=0, weights=weights)).tolist())
    return found, rows


def _energies(glass: Glass, forcefield: ForceField | None, data: Sequence[DataSet], relax: bool, warnings: list[str]) -> Column:
    """Energy per atom as the structures stand and at the next minimum, with the residuals that are left there."""
    if forcefield is None:
        return {}
    calc, before, relaxed = calculator(forcefield), [], []
    for atoms in glass.frames:
        before.append(_energy(atoms, calc))
        try:
            relaxed += [minimize(atoms, forcefield).atoms] if relax else []
        except RunFailed as error:
            warnings.append(f"{glass.name} could not be minimised: {error}")
    found = {"U": Number.over(before, "eV/atom")}
    if relaxed:
        found["U, minimised"] = Number.over([_energy(atoms, calc) for atoms in relaxed], "eV/atom")
        found |= _residuals(relaxed, data, [], ", minimised")[1]
    return found


def _energy(atoms: Atoms, calc: Calculator) -> float:
    return float(calc.get_potential_energy(atoms)) / len(atoms)


def _defects(sample: Sample) -> Column:
    """Share of the atoms of each element of the network that have a wrong number of neighbours."""
    limits = network_cutoffs(sample.bonds, elements_and_types(sample.frames[0])[0])
    each = [coordination_defects(all_bonds([atoms], limits)) for atoms in sample.frames]
    return {f"{e} defects": Number.over([sum(n.value for n in one.get(e, {}).values()) for one in each]) for e in sorted({e for one in each for e in one})}


def _cost(glass: Glass) -> Column:
    found = {}
    for name, key, unit in (("moves", "moves", ""), ("CPU time", "cpu_time", "s")):
        values = [float(r[key]) for r in glass.results if key in r]
        if values:
            found[name] = Number.over(values, unit)
    return found


def _rows(columns: Mapping[str, Column]) -> tuple[Row, ...]:
    """Quantities in their order; what a glass has none of, though others do, is zero defects."""
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = []
    for group, pattern in ROWS:
        for name in (n for n in names if re.fullmatch(pattern, n)):
            nothing = {glass: Number(0.0) for glass in columns} if name.endswith((" defects", " share of all bonds")) else {}
            values = nothing | {glass: column[name] for glass, column in columns.items() if name in column}
            rows.append(Row(name, group, next(n.unit for c in columns.values() if (n := c.get(name))), values))
    return tuple(rows)


def _folder(number: int) -> str:
    return f"glass-{number + 1:02d}"


def _write_glass(path: Path, glass: Glass, found: Findings) -> None:
    """What a page draws of one glass."""
    for folder in ("curves", "tables", "maps"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    write_findings(path, "scorecard", found)
    write_structure(path / "glass.extxyz", glass.frames[0])


def _write(path: Path, card: Scorecard, glasses: Sequence[Glass], data: Sequence[DataSet]) -> None:
    """The table, what it is of, and the page."""
    from .. import __version__
    from ..report import write_report

    names = list(card.glasses)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["quantity", "group", "unit", *(column for name in names for column in (name, f"{name} spread"))])
    for row in card.rows:
        values = [row.values.get(name) for name in names]
        writer.writerow([row.quantity, row.group, row.unit, *(cell for n in values for cell in _cells(n))])
    (path / "tables").mkdir(parents=True, exist_ok=True)
    write_text(path / "tables" / TABLE, text.getvalue())
    document = {
        "kind": "scorecard",
        "name": " and ".join(names) if len(names) < 4 else f"{len(names)} glasses",
        "outcome": "done",
        "warnings": list(card.warnings),
        "settings": {"composition": _formula(glasses[0]), "forcefield": card.forcefield, "data": [d.name for d in data]},
        "glasses": [
            {"name": g.name, "what": g.what, "folder": _folder(number), "atoms": len(g.frames[0]), "configurations": len(g.frames)}
            for number, g in enumerate(glasses)
        ],
        "versions": {"glasswright": __version__},
    }
    write_run_toml(path, document)
    write_report(Run(path))


def _cells(number: Number | None) -> list[str]:
    return ["", ""] if number is None else [f"{number.value:.8g}", "" if number.spread is None else f"{number.spread:.4g}"]


def _formula(glass: Glass) -> str:
    composition = composition_of(glass.frames[0])
    return composition.formula if composition is not None else str(glass.frames[0].symbols.formula.format("reduce"))
