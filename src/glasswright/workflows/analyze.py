"""Analyse a run, a set of replicas or any structure, beside what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis.findings import Findings, Map, Number, Population, pool
from ..analysis.sample import Sample
from ..analysis.survey import GROUPS, choose
from ..composition import Composition
from ..curve import Curve
from ..errors import InputError
from ..io.run import Run
from ..io.run_writer import write_run_toml
from ..io.structures import write_structure
from .measured import SummaryRow, beside_measured, comparison, known_facts, summary_rows
from .refined import Refined, before_and_after, refined, spreads
from .samples import Reading, file_sample, memory_sample, run_sample
from .tables import write_analysis

if TYPE_CHECKING:
    from ase import Atoms

Progress = Callable[[float, str], None]
"""Told the fraction done and what is being done."""
COMPARISON = "comparison"
"""What a workflow adds to the groups of the analysis: measured curves with their residuals, displacements in the melt of a run."""
ENSEMBLE = "ensemble"
"""What it adds for replicas of a refinement: how far they differ though they agree with the data alike."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """What an analysis found; on disk under ``path`` where that was given."""

    groups: Mapping[str, Findings]
    """By group of the analysis; ``comparison`` holds the ``measured_*`` and ``compared_*`` curves."""
    summary: Sequence[SummaryRow]
    """Simulated beside measured."""
    absent: Sequence[str]
    """What would be shown if it were here, with where to get it; and what is here but of no use, with the reason."""
    path: Path | None = None

    @property
    def found(self) -> Findings:
        """All groups together."""
        return reduce(or_, self.groups.values(), Findings())

    @property
    def curves(self) -> Mapping[str, Curve]:
        return self.found.curves

    @property
    def numbers(self) -> Mapping[str, Number]:
        return self.found.numbers

    @property
    def populations(self) -> Mapping[str, Population]:
        return self.found.populations

    @property
    def maps(self) -> Mapping[str, Map]:
        return self.found.maps


def analyze(
    source: Run | Atoms | Sequence[Atoms] | str | Path,
    out: str | Path | None = None,
    groups: Sequence[str] | None = None,
    *,
    frames: int | None = None,
    types: str | None = None,
    cell: Sequence[float] | None = None,
    interval: str | float | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Compute curves, numbers, populations and maps of a glass and set them beside measurements of the library.

    Parameters
    ----------
    source
        A run (its frames of stage ``sample``, else its product), a set of replicas, Atoms, several Atoms, or the path of a run
        directory or of any structure file, with one configuration or several.
    out
        Directory for ``curves/*.csv``, ``tables/*.csv`` and ``maps/*.csv``; None: the run directory, nowhere for Atoms and files.
        Replicas are written one by one as well, and pooled: mean and sample standard deviation over replicas.
    groups
        Parts of the analysis, from ``glasswright.analysis.survey.GROUPS``; None: those that are cheap.
    frames
        Average over so many configurations at most; None: all that a run sampled, 20 of a file.
    types
        Elements of LAMMPS types 1, 2, ... for files that name none: ``"Si,O"``.
    cell
        Edges [Å], or edges and angles [degrees], for files that hold no cell.
    interval
        Time between the configurations of a file [fs] or text with a unit, where they do not carry it: what dynamics needs.

    Raises
    ------
    InputError
        If there is nothing to analyse.
    """
    names = choose(groups)
    progress = progress or (lambda fraction, what: None)
    out = None if out is None else Path(out)
    reading = Reading(types, cell, interval)
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_dir():
            sample, note = file_sample(path, reading, frames)
            return _analyze_sample(sample, names, out, str(path), [note] if note else [], progress)
        source = Run(path)
    if reading != Reading():
        raise InputError("Types, a cell and an interval are for structure files.", "A run directory and Atoms know them themselves.", "Leave them out.")
    if isinstance(source, Run):
        return _analyze_run(source, names, out, frames, progress)
    return _analyze_sample(memory_sample(source, frames), names, out, "atoms in memory", [], progress)


def _analyze_sample(sample: Sample, names: Sequence[str], out: Path | None, name: str, absent: list[str], progress: Progress) -> Analysis:
    found, missing = _survey(sample, names, progress)
    composition = composition_of(sample.frames[0])
    if out is not None:
        _describe(out, name, sample.frames[-1], composition, len(sample.frames))
    return _conclude(found, composition, [*absent, *missing], out, "configurations")


def _analyze_run(run: Run, names: Sequence[str], out: Path | None, frames: int | None, progress: Progress) -> Analysis:
    replicas = [replica for replica in run.replicas if (replica.path / "glass.extxyz").is_file()]
    if not replicas:
        raise InputError(f"{run.path} has no glass yet.", f"Its outcome is: {run.outcome}", f"Type `glasswright resume {run.path}`.")
    samples: list[dict[str, Findings]] = []
    absent: list[str] = []
    count = 0
    for number, replica in enumerate(replicas):
        share = _Share(progress, number, len(replicas), f"{replica.path.name}: " if len(replicas) > 1 else "")
        sample = run_sample(replica, frames)
        count += len(sample.frames)
        found, absent = _survey(sample, names, share, refined(replica))
        found = _with_run(found, replica, sample)
        samples.append(found)
        if len(run.replicas) > 1 and out is None:
            _conclude(found, composition_of(replica.atoms), [], replica.path, "configurations")
    pooled = {name: pool([found[name] for found in samples]) for name in samples[0] if all(name in found for found in samples)}
    aim = refined(replicas[0])
    if aim is not None and len(replicas) > 1 and "pairs" in names:
        pooled[ENSEMBLE] = spreads([replica.atoms for replica in replicas], aim, absent)
    composition = composition_of(replicas[0].atoms)
    if out is not None:
        _describe(out, str(run.path), replicas[0].atoms, composition, count)
    return _conclude(pooled, composition, absent, out or run.path, "configurations" if len(samples) == 1 else f"{len(samples)} replicas")


@dataclass(frozen=True)
class _Share:
    """The part of the progress that one replica is."""

    progress: Progress
    number: int
    of: int
    name: str

    def __call__(self, fraction: float, what: str) -> None:
        self.progress((self.number + fraction) / self.of, f"{self.name}{what}")


def _survey(sample: Sample, names: Sequence[str], progress: Progress, aim: Refined | None = None) -> tuple[dict[str, Findings], list[str]]:
    """Findings of every group; and which measured curves are absent, with the reason."""
    total, done = sum(GROUPS[name].cost for name in names), 0.0
    found: dict[str, Findings] = {}
    for name in names:
        progress(done / total, name)
        found[name] = GROUPS[name](sample)
        done += GROUPS[name].cost
    absent: list[str] = []
    composition = composition_of(sample.frames[0])
    if composition is not None:
        found = {name: beside_measured(findings, composition, absent) for name, findings in found.items()}
        if "scattering" in names:
            found[COMPARISON] = comparison(sample, composition, absent, aim.experiments if aim else ())
    if aim is not None and "scattering" in names:
        found[COMPARISON] = before_and_after(sample, aim, absent) | found.get(COMPARISON, Findings())
    return found, absent


def _with_run(found: Mapping[str, Findings], run: Run, sample: Sample) -> dict[str, Findings]:
    """Density over all rows of the sampling."""
    found = dict(found)
    if "pairs" in found and (run.path / "thermo.csv").is_file():
        values = run.thermo["density"][run.thermo["stage"] == "sample"]
        if values.size > 1:
            found["pairs"] |= Findings(numbers={"density": Number.over([float(v) for v in values], "g/cm3")})
    return found


def _conclude(found: Mapping[str, Findings], composition: Composition | None, absent: Sequence[str], out: Path | None, spread_over: str) -> Analysis:
    known = {} if composition is None else known_facts(composition, found.get(COMPARISON, Findings()).curves)
    summary = {name: summary_rows(findings, known, spread_over) for name, findings in found.items()}
    if out is not None:
        write_analysis(out, found, summary)
    return Analysis(found, [row for rows in summary.values() for row in rows], list(dict.fromkeys(absent)), out)


def _describe(out: Path, name: str, atoms: Atoms, composition: Composition | None, n_frames: int) -> None:
    """Make ``out`` a directory that says what was analysed, so that a report can be written from it and ``read_run`` opens it."""
    from .. import __version__

    if (out / "run.toml").is_file() and Run(out).settings["kind"] != "analysis":
        raise InputError(f"{out} is the directory of a run.", "The analysis of something else has no place in it.", "Give another directory with --out.")
    counts = atoms.symbols.formula.count()
    formula = composition.formula if composition is not None else atoms.symbols.formula.format("reduce")
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_structure(out / "glass.extxyz", atoms)
        document = {"kind": "analysis", "name": name, "outcome": "done", "warnings": [], "settings": {"composition": formula, "frames": n_frames}}
        write_run_toml(out, {**document, "atoms": counts, "versions": {"glasswright": __version__}})
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise InputError(f"The analysis cannot be written to {out}.", str(error), "Give another directory with --out.") from None


def composition_of(atoms: Atoms) -> Composition | None:
    """The composition of a structure; None where it is no neutral oxide mixture or mixture of elements."""
    counts = atoms.symbols.formula.count()
    try:
        return Composition("".join(f"{element}{n}" for element, n in counts.items()))
    except InputError:
        return None
