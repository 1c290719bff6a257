"""Analyse a run, a set of replicas or any structure, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.dynamics.displacement import mean_square_displacement
from ..analysis.findings import Number
from ..analysis.frames import frames_of
from ..analysis.sample import Q_MAX
from ..analysis.scattering.shells import pair_shells
from ..analysis.survey import Neighbours, Survey, survey
from ..composition import Composition
from ..curve import Curve
from ..errors import InputError
from ..io.run import Run
from ..library.measurements import MeasuredQn, measured_curves, measured_qn
from .compare import compare_shells
from .measured import SummaryRow, oxygen_rows, qn_rows, summary_rows
from .tables import write_analysis

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class Analysis:
    """What an analysis found; on disk under ``out`` where that was given."""

    survey: Survey
    """Curves and numbers; ``measured_*`` and ``compared_*`` curves included."""
    summary: Sequence[SummaryRow]
    """Simulated beside measured."""
    absent: Sequence[str]
    """What would be shown if it were here, with where to get it; and what is here but of no use, with the reason."""

    @property
    def curves(self) -> Mapping[str, Curve]:
        return self.survey.curves

    @property
    def numbers(self) -> Mapping[str, Number]:
        return self.survey.numbers


def analyze(source: Run | Atoms | Sequence[Atoms] | str | Path, out: str | Path | None = None) -> Analysis:
    """Compute curves and numbers of a glass and set them beside measurements of the library.

    Parameters
    ----------
    source
        A run (its frames of stage ``sample``, else its product), a set of replicas, Atoms, several Atoms, or the path of a run
        directory or structure file.
    out
        Directory for ``curves/*.csv`` and ``tables/*.csv``; None: the run directory, nowhere for Atoms. Replicas are written one by
        one as well, and pooled: mean and sample standard deviation over replicas.

    Raises
    ------
    InputError
        If there is nothing to analyse.
    """
    if isinstance(source, str | Path):
        source = _open(Path(source))
    if not isinstance(source, Run):
        frames = frames_of(source)
        surveyed, absent = _survey(frames)
        return _conclude(surveyed, _composition(frames[0]), absent, None if out is None else Path(out), "configurations")
    replicas = [replica for replica in source.replicas if (replica.path / "glass.extxyz").is_file()]
    if not replicas:
        raise InputError(f"{source.path} has no glass yet.", f"Its outcome is: {source.outcome}", f"Type `glasswright resume {source.path}`.")
    surveys, absent = [], []
    for replica in replicas:
        frames = sample_frames(replica)
        one, absent = _survey(frames)
        one = _with_run(one, replica)
        surveys.append(one)
        if len(source.replicas) > 1 and out is None:
            _conclude(one, _composition(frames[0]), absent, replica.path, "configurations")
    pooled, what = (surveys[0], "configurations") if len(surveys) == 1 else (pool(surveys), f"{len(surveys)} replicas")
    return _conclude(pooled, _composition(replicas[0].atoms), absent, source.path if out is None else Path(out), what)


def sample_frames(run: Run) -> list[Atoms]:
    """Frames to average structure over: those of the stage ``sample`` at the end of the trajectory, else the product alone."""
    found: list[Atoms] = []
    if (run.path / "trajectory.gsd").is_file():
        frames = run.frames
        for i in reversed(range(len(frames))):
            atoms = frames[i]
            if atoms.info.get("stage") != "sample":
                break
            found.append(atoms)
    return found[::-1] or [run.atoms]


def pool(surveys: Sequence[Survey]) -> Survey:
    """Mean over replicas; spread and ``sigma`` are the sample standard deviation over them."""
    names = [n for n in surveys[0].curves if all(n in s.curves for s in surveys)]
    curves = {n: _pooled_curve([s.curves[n] for s in surveys], n) for n in names}
    centres = [p for p in surveys[0].neighbours if all(p in s.neighbours for s in surveys)]
    neighbours = {p: _pooled_neighbours([s.neighbours[p] for s in surveys]) for p in centres}
    numbers = {n: _pooled([s.numbers[n] for s in surveys]) for n in surveys[0].numbers if all(n in s.numbers for s in surveys)}
    populations = {k: _pooled([s.qn.get(k, Number(0.0)) for s in surveys]) for k in sorted({k for s in surveys for k in s.qn})}
    return Survey(curves, numbers, neighbours, populations, {k: _pooled([s.oxygen[k] for s in surveys]) for k in surveys[0].oxygen})


def _open(path: Path) -> Run | Atoms:
    if path.is_dir():
        return Run(path)
    from ..io.structures import read_structure

    return read_structure(path)


def _conclude(found: Survey, composition: Composition | None, absent: Sequence[str], out: Path | None, spread_over: str) -> Analysis:
    rows = summary_rows(found, composition, spread_over)
    populations: MeasuredQn | str = ""
    if composition is not None:
        try:
            populations = measured_qn(composition)
        except InputError as error:  # a file of the user's: no reason to refuse the analysis
            populations = str(error)
            absent = [*absent, populations]
    if out is not None:
        write_analysis(out, found, rows, qn_rows(found, populations), oxygen_rows(found, composition))
    return Analysis(found, rows, absent)


def _with_run(found: Survey, run: Run) -> Survey:
    """Density over all rows of the sampling, and displacements in the melt."""
    numbers, curves = dict(found.numbers), dict(found.curves)
    if (run.path / "thermo.csv").is_file():
        values = run.thermo["density"][run.thermo["stage"] == "sample"]
        if values.size > 1:
            numbers["density"] = Number(float(values.mean()), float(values.std(ddof=1)), "g/cm3")
    if (run.path / "trajectory.gsd").is_file():
        melt = [a for a in run.frames if a.info.get("stage") == "melt"]
        if len(melt) > 2:
            curves |= {f"msd_{element}": curve for element, curve in mean_square_displacement(melt).items()}
    return replace(found, numbers=numbers, curves=curves)


def _survey(frames: Sequence[Atoms]) -> tuple[Survey, list[str]]:
    """Curves and numbers, with measured curves of this glass, the simulated ones as the instruments would have seen them, and their
    residuals; and which measured curves are absent, with the reason."""
    composition = _composition(frames[0])
    shells = pair_shells(frames, Q_MAX)
    found = survey(frames, shells)
    curves, numbers, absent = dict(found.curves), dict(found.numbers), []
    for entry in [] if composition is None else measured_curves(composition):
        radiation, isotopes = "X-ray" if entry.radiation == "xray" else "neutron", "".join(f"_{i}" for i in entry.isotopes.values())
        try:
            experiment = entry.load()
            if experiment is None:
                absent.append(entry.where_to_get_it())
                continue
            score = compare_shells(shells, experiment)
        except InputError as error:  # the file is no such curve, or the box is too small for it
            absent.append(f"The measured {radiation} {entry.kind} of {entry.composition}{isotopes.replace('_', ' ')} is left out: {error}")
            continue
        name = f"{entry.kind.lower().replace('(', '_of_').replace(')', '')}_{entry.radiation}{isotopes}"
        curves[f"measured_{name}"], curves[f"compared_{name}"] = score.curves["measured"], score.curves["simulated"]
        label = f"R_chi, {radiation} {entry.kind}{isotopes.replace('_', ' ')}"
        numbers[label] = Number(score.r_chi)
        numbers[f"{label}, scaled"] = Number(score.r_chi_scaled)
    return replace(found, curves=curves, numbers=numbers), absent


def _composition(atoms: Atoms) -> Composition | None:
    """The composition of a structure; None where it is no neutral oxide mixture or mixture of elements."""
    counts = atoms.symbols.formula.count()
    try:
        return Composition("".join(f"{element}{n}" for element, n in counts.items()))
    except InputError:
        return None


def _pooled(numbers: Sequence[Number]) -> Number:
    values = np.array([n.value for n in numbers])
    return Number(float(values.mean()), float(values.std(ddof=1)), numbers[0].unit)


def _pooled_neighbours(parts: Sequence[Neighbours]) -> Neighbours:
    counts = sorted({n for p in parts for n in p.fractions})
    fractions = {n: float(np.mean([p.fractions.get(n, 0.0) for p in parts])) for n in counts}
    return Neighbours(float(np.mean([p.cutoff for p in parts])), _pooled([p.mean for p in parts]), fractions)


def _pooled_curve(curves: Sequence[Curve], name: str) -> Curve:
    first = curves[0]
    if name.startswith("measured_"):
        return first
    # Replicas in NPT differ a little in box size, and so in where S(Q) begins, and in the times of their melts.
    low, high = max(c.x[0] for c in curves), min(c.x[-1] for c in curves)
    x = first.x[(first.x >= low - 1e-9) & (first.x <= high + 1e-9)]
    rows = np.array([np.interp(x, c.x, c.y) for c in curves])
    about = dict(first.metadata)
    for key in ("mean", "deviation", "number", "r_chi", "r_chi_scaled", "scale"):
        values = [c.metadata.get(key) for c in curves]
        if all(isinstance(v, int | float) for v in values):
            about[key] = float(np.mean(values))  # type: ignore[arg-type]
    about |= {"replicas": len(curves), "sigma": "sample standard deviation over replicas"}
    return Curve(x, rows.mean(axis=0), rows.std(axis=0, ddof=1), first.kind, first.x_unit, first.y_unit, first.label, about)
