"""From measured data to a structure: the methods of reverse Monte Carlo and its kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..composition import Composition
from ..errors import InputError
from ..experiment import Experiment
from ..forcefield import ForceField
from ..io.experiments import DataSet, names_of
from ..io.run import Run, temporary_run
from ..io.run_writer import claim
from ..refinement.settings import RefineSettings
from ..result import RefineResult
from ..targets import DataFile, read_data
from ..targets.constraints import Constraint
from .compare import compare
from .quench import conclude
from .refined import freedom_of
from .refinement_job import RefinementJob, is_structure, prepare_refinement
from .replicas import run_replicas
from .run_protocol import run_protocol

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


def refine(
    method: str,
    experiments: Experiment | Sequence[Experiment] | DataFile | str | Path = (),
    start: Atoms | Composition | str | Path | None = None,
    forcefield: str | ForceField | Calculator | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    *,
    constraints: Sequence[Constraint] = (),
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: bool = False,
    report: bool = True,
    **settings: Any,
) -> RefineResult:
    """Find a structure that agrees with measured data, with an energy, or with both.

    Parameters
    ----------
    method
        ``"rmc"`` (data alone), ``"hybrid"`` (data and energy), ``"monte_carlo"`` (energy alone), ``"epsr"``, ``"fear"`` or ``"gradient"``.
    experiments
        Measured curves, each with weight 1 and a fitted factor; or a data file (``exp.toml``), which may say more, and its settings and
        constraints count unless they are given here.
    start
        A structure (kept unchanged), the path of one or of a run directory, or a composition, which is packed at random at the density of the
        data; None: the sample of the data, packed.
    forcefield
        Library name, TOML path, ForceField, or an ASE calculator (rmc, fear and gradient). None: rmc knows no energy, other methods take the force
        field whose range fits best.
    out
        Run directory; None: a temporary one, removed with the result.
    constraints
        Of ``glasswright.targets``, besides those of the data file.
    overwrite
        Replace a run directory that is already there.
    executor
        Where replicas run; any ``concurrent.futures.Executor`` whose workers see the same file system.
    progress
        Show a progress bar with R_chi, energy, acceptance and the time left.
    report
        Analyse the structure: curves, tables and report.html.
    settings
        Fields of ``RefineSettings``: ``moves``, ``chi_temperature``, ``temperature``, ``replicas``...

    Raises
    ------
    InputError
        If the request cannot be carried out.
    RunFailed
        If the run stops; ``glasswright resume`` starts from its last checkpoint.
    """
    job = _job(method, experiments, start, forcefield, constraints, {"seed": seed, **settings})
    job.method.check(job.problem)  # with this, bad input is refused before anything is written or removed
    temporary, path = temporary_run() if out is None else (None, Path(out))
    claim(path, overwrite)
    if job.settings.replicas == 1:
        job.write(path)
        run_protocol(path, progress, job.calculator)
    else:
        if job.calculator is not None:
            raise InputError("Replicas with an ASE calculator are not possible.", "It cannot be sent to other processes.", "Refine them one by one.")
        job.write(path, "replicas")
        run_replicas(path, executor, progress)
    return result_of(conclude(path, report, temporary) if report else Run(path, temporary))


def result_of(run: Run) -> RefineResult:
    """The result in a finished run directory; of a set of replicas that of the first, with scores over all."""
    from ..io.experiments import read_data_sets

    member = run.replicas[0]
    results = member.settings["results"]
    data = {d.name: (d.experiment, freedom_of(d)) for d in read_data_sets(member.path)}
    scores = {name: compare(run, experiment, scale=freedom.scale, background=freedom.background) for name, (experiment, freedom) in data.items()}
    energy = results.get("energy")
    return RefineResult(
        atoms=member.atoms,
        r_chi=results.get("r_chi_joint"),
        energy=None if energy is None else energy * len(member.atoms),
        history=member.history,
        scores=scores,
        outcome=results["ended"],
        warnings=tuple(run.warnings),
        path=run.path,
        owner=run,
    )


def _job(
    method: str,
    experiments: Experiment | Sequence[Experiment] | DataFile | str | Path,
    start: Atoms | Composition | str | Path | None,
    forcefield: str | ForceField | Calculator | None,
    constraints: Sequence[Constraint],
    settings: Mapping[str, Any],
) -> RefinementJob:
    from ase import Atoms

    given = read_data(Path(experiments)) if isinstance(experiments, str | Path) else experiments
    values: dict[str, Any] = {}
    data: list[DataSet] = []
    if isinstance(given, DataFile):
        values, data, constraints = dict(given.settings), list(given.data), [*given.constraints, *constraints]
        values |= {key: _absolute(values[key], given.path.parent) for key in ("start", "forcefield") if isinstance(values.get(key), str)}
        if given.minimum_distances:
            values["minimum_distances"] = {**given.minimum_distances, **values.get("minimum_distances", {})}
    else:
        curves = [given] if isinstance(given, Experiment) else list(given)
        if not all(isinstance(curve, Experiment) for curve in curves):
            raise InputError("experiments must be Experiments, or the path of a data file.", mend='Read one with Experiment.from_file, or give "exp.toml".')
        data = [DataSet(name, curve) for name, curve in zip(names_of(curves), curves, strict=True)]
    values |= {key: value for key, value in settings.items() if value is not None} | {"method": method}
    if isinstance(forcefield, str | Path):
        values["forcefield"] = _absolute(forcefield)
    if isinstance(start, str | Path | Composition):
        values["start"] = start.formula if isinstance(start, Composition) else _absolute(start)
    energy = forcefield if not isinstance(forcefield, str | Path) else None
    if isinstance(energy, ForceField):
        values["forcefield"] = energy.name
    return prepare_refinement(RefineSettings.from_mapping(values), data, constraints, start if isinstance(start, Atoms) else None, energy)


def _absolute(text: str | Path, folder: Path = Path()) -> str:
    """A path from the root, since a set of replicas may be resumed from elsewhere; a composition or a name as it is."""
    return str((folder / text).resolve()) if is_structure(folder / text) else str(text)
