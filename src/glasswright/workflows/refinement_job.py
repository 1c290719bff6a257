"""A refinement made ready, and how a run directory gives it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import units
from ..analysis.frames import half_box
from ..composition import Composition
from ..engines.cell import checked_cell
from ..errors import InputError
from ..forcefield import ForceField, species_labels
from ..io.atomic import write_text
from ..io.experiments import DataSet, read_data_sets, write_data_set
from ..io.run import Run
from ..io.run_writer import write_run_toml
from ..io.structures import read_structure, write_structure
from ..library.forcefield_file import forcefield_toml
from ..library.forcefields import check_validity, choose_forcefield, load_forcefield
from ..library.toml_table import Table
from ..packing import pack
from ..refinement.hard_spheres import separated
from ..refinement.method import Method
from ..refinement.methods import method_of
from ..refinement.problem import Energy, Problem, closest
from ..refinement.settings import RefineSettings
from ..targets import PairBins, bins_for, check_data, targets_of
from ..targets.constraint_tables import constraint_from_table, constraint_to_table
from ..targets.constraints import Constraint, rigid_groups
from .job import FORCEFIELD_FILE, REVIEW, START_FILE
from .refinement_energy import CalculatorEnergy, energy_of

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

KIND = "refinement"
_LONGEST_PATH = 255
"""Path.is_file raises where a text is too long for a name."""
WITHOUT_DATA = 6.0
"""Reach of pair histograms where no data need them [Å]."""


@dataclass(frozen=True, eq=False)
class Kinds:
    """Species of atoms: the types of the Monte Carlo kernel."""

    names: tuple[str, ...]
    """Sorted."""
    elements: tuple[str, ...]
    types: NDArray[np.int64]
    """Index into ``names`` of each atom ``(n_atoms,)``."""

    def closest(self, given: Mapping[str, float] | None) -> NDArray[np.float64]:
        """Minimum distances ``(n_kinds, n_kinds)`` [Å], as far as given, else by default."""
        return closest(self.elements, "O" in self.elements, given)

    def of_pairs(self, distances: NDArray[np.float64]) -> dict[str, float]:
        """Pair of elements, as ``"O-Si"`` → minimum distance [Å]."""
        return {"-".join(sorted((a, b))): float(distances[i, j]) for i, a in enumerate(self.elements) for j, b in enumerate(self.elements)}


@dataclass(frozen=True, eq=False)
class RefinementJob:
    """Everything that decides a refinement."""

    settings: RefineSettings
    atoms: Atoms
    """The start, in a lower-triangular cell."""
    data: tuple[DataSet, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    forcefield: ForceField | None = None
    calculator: Calculator | None = None
    """In place of a force field; not kept on disk."""
    remarks: Mapping[str, Any] = field(default_factory=dict)
    """More for run.toml."""

    @property
    def method(self) -> Method:
        return method_of(self.settings.method)

    @property
    def name(self) -> str:
        by = self.forcefield.name if self.forcefield else type(self.calculator).__name__ if self.calculator else ""
        return f"{self.atoms.get_chemical_formula()} by {self.settings.method}" + (f" with {by}" if by else "")

    @cached_property
    def problem(self) -> Problem:
        """What the driver refines.

        Raises
        ------
        InputError
            If data, constraints or energy do not suit the atoms.
        """
        s, kinds, experiments = self.settings, self.kinds, [d.experiment for d in self.data]
        r_max = s.r_max if experiments or s.r_max else min(WITHOUT_DATA, half_box([self.atoms]))
        found = bins_for(self.atoms, experiments, r_max)
        bins = PairBins(kinds.elements, np.bincount(kinds.types), found.volume, found.r_max, found.n_bins)
        targets = targets_of(self.data, bins)
        distances = kinds.closest(s.minimum_distances)
        groups = tuple(rigid_groups(self.atoms, *s.groups)) if s.groups else ()
        return Problem(self.atoms, kinds.names, kinds.types, bins, targets, distances, s, self._energy(bins.r_max), groups, self.constraints)

    @cached_property
    def kinds(self) -> Kinds:
        """Species of the atoms: those of the force field, else their labels."""
        if self.forcefield is not None:
            bound = self.forcefield.bind(self.atoms)
            names, types = bound.species, bound.types
        else:
            labels = np.array(species_labels(self.atoms))
            names, types = tuple(sorted(set(labels.tolist()))), np.unique(labels, return_inverse=True)[1].astype(np.int64)
        symbols = self.atoms.get_chemical_symbols()
        return Kinds(names, tuple(symbols[int(np.flatnonzero(types == kind)[0])] for kind in range(len(names))), types)

    def _energy(self, r_max: float) -> Energy | None:
        if self.calculator is not None:
            return CalculatorEnergy(type(self.calculator).__name__, self.atoms, self.calculator)
        if self.forcefield is None:
            return None
        return energy_of(self.forcefield, self.atoms, self.settings.engine, self.settings.threads, r_max)

    def document(self) -> dict[str, Any]:
        """The content of run.toml."""
        from .. import __version__

        ff = self.forcefield
        labels, counts = np.unique(species_labels(self.atoms), return_counts=True)
        remarks = dict(self.remarks)
        sources = (*(ff.sources if ff else ()), *self.method.sources, REVIEW)
        return {
            "kind": KIND,
            "name": self.name,
            "outcome": "running",
            "warnings": remarks.pop("warnings", []),
            "settings": self.settings.to_dict(),
            "atoms": {str(s): int(n) for s, n in zip(labels, counts, strict=True)},
            "density": {
                "value": units.density(float(self.atoms.get_masses().sum()), self.atoms.get_volume()),
                "source": self.atoms.info.get("density_source", "the structure given"),
            },
            "data": [_described(d) for d in self.data],
            "constraints": [constraint_to_table(c) for c in self.constraints],
            "forcefield": None if ff is None else _of_forcefield(ff, remarks.pop("forcefield_reason", "asked for")),
            "calculator": type(self.calculator).__name__ if self.calculator else None,
            "versions": {"glasswright": __version__, "numpy": np.__version__},
            "citations": [{"text": s.text, "doi": s.doi} for s in sources],
            **remarks,
        }

    def write(self, path: Path, kind: str = KIND) -> None:
        """Put what the run needs to start, or to start again, into its directory; run.toml comes first, the start last."""
        write_run_toml(path, {**self.document(), "kind": kind})
        if self.forcefield is not None:
            write_text(path / FORCEFIELD_FILE, forcefield_toml(self.forcefield))
        for data in self.data:
            write_data_set(path, data)
        write_structure(path / START_FILE, self.atoms)


def _described(data: DataSet) -> dict[str, Any]:
    one = data.experiment
    return {"name": data.name, "kind": one.kind.name, "radiation": one.radiation, "source": one.source, **data.treatment}


def _of_forcefield(ff: ForceField, reason: str) -> dict[str, Any]:
    return {
        "name": ff.name,
        "title": ff.title,
        "reason": reason,
        "coulomb": ff.coulomb.method,
        "coulomb_as_published": ff.coulomb.as_published,
        "our_choices": list(ff.our_choices),
        "notes": list(ff.notes),
    }


def restore_refinement(path: Path, calculator: Calculator | None = None) -> RefinementJob:
    """The refinement of a run directory, as it was prepared.

    Raises
    ------
    InputError
        If a file is missing or damaged, or it needs a calculator that is not given.
    """
    document = Run(path).settings
    if document.get("calculator") and calculator is None:
        raise InputError(f"{path} was refined with an ASE calculator.", "It is not kept on disk.", "Go on in Python: resume(path, calculator=...).")
    try:
        atoms = read_structure(path / START_FILE)
        forcefield = load_forcefield(path / FORCEFIELD_FILE) if (path / FORCEFIELD_FILE).is_file() else None
    except InputError as error:
        raise InputError(f"{path} cannot be continued.", str(error), "Start again with --overwrite.") from error
    settings = RefineSettings.from_mapping(document["settings"])
    tables = [Table(str(path / "run.toml"), f"constraints {number}", values) for number, values in enumerate(document.get("constraints", ()), 1)]
    constraints = tuple(constraint_from_table(table) for table in tables)
    return RefinementJob(settings, atoms, tuple(read_data_sets(path)), constraints, forcefield, calculator)


def replica_refinement(path: Path) -> Callable[[Any, Path], None]:
    """Writes a replica of the refinement of a set: packed anew, or from the same structure with other random numbers."""
    whole = restore_refinement(path)
    packed = Run(path).settings.get("packed", False)

    def write(settings: RefineSettings, member: Path) -> None:
        start = None if packed else whole.atoms
        prepare_refinement(settings, whole.data, whole.constraints, start, whole.forcefield).write(member)

    return write


def prepare_refinement(
    settings: RefineSettings,
    data: Sequence[DataSet],
    constraints: Sequence[Constraint] = (),
    start: Atoms | None = None,
    energy: ForceField | Calculator | None = None,
) -> RefinementJob:
    """Resolve start, packing and force field.

    Parameters
    ----------
    start
        A structure; None: what ``settings.start`` says, else the sample of the data.
    energy
        A force field or calculator given as an object; None: what ``settings.forcefield`` says, else for methods that need one the force field
        whose range fits best.

    Raises
    ------
    InputError
        If any of them is impossible.
    """
    found = start if start is not None else _structure(settings)
    atoms = _turned(found if found is not None else _packed(settings, data))
    composition = Composition.from_counts(Counter(atoms.get_chemical_symbols()))
    warnings = [atoms.info["density_warning"]] if atoms.info.get("density_warning") else []
    calculator, reason, forcefield = None, "given as an object", None
    if energy is not None and not isinstance(energy, ForceField):
        calculator = energy
    elif isinstance(energy, ForceField):
        forcefield = energy if settings.coulomb is None else energy.with_coulomb(settings.coulomb)  # type: ignore[arg-type]
    elif settings.forcefield is not None:
        forcefield, reason = load_forcefield(settings.forcefield, coulomb=settings.coulomb), "asked for"
    elif settings.method != "rmc" and not (settings.method == "gradient" and settings.energy_weight == 0):
        forcefield, reason = choose_forcefield(composition)
        forcefield = load_forcefield(forcefield.name, coulomb=settings.coulomb) if settings.coulomb else forcefield
    if forcefield is not None:
        warnings += check_validity(forcefield, composition)
    job = RefinementJob(settings, atoms, tuple(data), tuple(constraints), forcefield, calculator)
    distances = job.kinds.closest(settings.minimum_distances)
    warnings += check_data(atoms, data, job.kinds.of_pairs(distances), constraints, packed=found is None)
    start_atoms = atoms if found is not None else separated(atoms, job.kinds.types, distances, settings.seed)
    remarks = {"warnings": warnings, "forcefield_reason": reason, "packed": found is None, "composition": {"formula": composition.formula}}
    return replace(job, atoms=start_atoms, remarks=remarks)


def is_structure(path: Path) -> bool:
    """Whether there is a file, or a run directory, and not merely a folder that has the name of a glass."""
    return len(str(path)) < _LONGEST_PATH and (path.is_file() or (path / "run.toml").is_file())


def _structure(settings: RefineSettings) -> Atoms | None:
    """The structure that the settings name, if they do."""
    if settings.start is not None and is_structure(path := Path(settings.start)):
        return Run(path).atoms.copy() if path.is_dir() else read_structure(path, settings.types)
    if settings.types is not None:
        raise InputError("types is given, but no structure file.", "It names the elements of LAMMPS types in a file.", "Leave it out.")
    return None


def _packed(settings: RefineSettings, data: Sequence[DataSet]) -> Atoms:
    if settings.start is None and not data:
        raise InputError("There is nothing to start from.", mend="Give --start SiO2, or the path of a structure.")
    composition = Composition(settings.start) if settings.start is not None else data[0].experiment.composition
    density = settings.density or next((d.experiment.density for d in data if d.experiment.density is not None), None)
    atoms = pack(composition, n_atoms=settings.n_atoms, density=density, seed=settings.seed)
    if settings.density is None and density is not None:
        atoms.info["density_source"] = "That of the data."
    return atoms


def _turned(atoms: Atoms) -> Atoms:
    """A copy in a lower-triangular cell, wrapped, with nothing but species and positions."""
    from ase import Atoms

    cell, turn = checked_cell(atoms)
    bare = Atoms(atoms.numbers, positions=atoms.positions @ turn, cell=cell, pbc=True)
    if "species" in atoms.arrays:
        bare.set_array("species", atoms.arrays["species"])
    bare.wrap()
    bare.info = {key: value for key, value in atoms.info.items() if key in ("density_source", "density_warning")}
    return bare
