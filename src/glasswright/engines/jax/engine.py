"""JAX as an engine. This file imports no JAX, so that its absence can be told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ...forcefield import ForceField, Source
from ...native import without_core
from ...units import MASS_VELOCITY2
from ..base import Engine, Simulation
from ..cell import checked_cell
from ..native.engine import ESP
from . import without_jax

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from .programs import Programs

_JAX = Source("J. Bradbury et al., JAX: composable transformations of Python+NumPy programs (2018), github.com/jax-ml/jax")
SKIN = 0.6
"""How far neighbour lists reach beyond the cutoff [Å]: a melt at 3000 K moves fastest with it, 10 % faster than with 1 Å."""
KEPT = 8
"""Force fields for certain atoms whose compiled programs are kept for the next simulation."""


@dataclass(frozen=True)
class JaxEngine(Engine):
    """Every force field as a function that can be differentiated, on CPU, GPU and TPU."""

    accuracy: float = 1e-5
    """Relative force error asked of the far field of an Ewald sum, rms(ΔF)/rms(F)."""
    precision: Literal["mixed", "double"] = "mixed"
    """``mixed``: forces in single precision, sums and integration in double."""
    name = "jax"

    def supports(self, forcefield: ForceField, atoms: Atoms | None = None) -> str | None:
        return None

    def available(self) -> str | None:
        return without_jax() or without_core()

    def versions(self) -> dict[str, str]:
        return {name: metadata.version(name) for name in ("jax", "jaxlib")}

    def sources(self, forcefield: ForceField) -> tuple[Source, ...]:
        return (_JAX, ESP) if forcefield.coulomb.method == "ewald" else (_JAX,)

    def describe(self, forcefield: ForceField, atoms: Atoms) -> dict[str, object]:
        import jax

        from .far_field import MeshSum

        potential = self.programs(forcefield, atoms, checked_cell(atoms)[0], self.precision == "double").potential
        facts: dict[str, object] = {
            "program": "jax",
            "device": jax.devices()[0].device_kind,
            "precision": self.precision,
            "cutoff": potential.cutoff,
            "skin": potential.skin,
            "coulomb": forcefield.coulomb.method,
        }
        return facts | {name: value for part in potential.parts if isinstance(part, MeshSum) for name, value in part.settings.describe().items()}

    def programs(self, forcefield: ForceField, atoms: Atoms, cell: NDArray[np.float64], double: bool) -> Programs:
        """What is compiled for a force field and these atoms, with a far field that fits a cell; kept for the next that asks for the same."""
        return _programs(_Case(forcefield, atoms, cell, double, self.accuracy))

    def open(self, atoms: Atoms, forcefield: ForceField, directory: Path, restart: Path | None = None) -> Simulation:
        from .simulation import JaxSimulation

        cell, turn = checked_cell(atoms)
        velocities = atoms.get_velocities() @ turn / np.sqrt(MASS_VELOCITY2) if atoms.has("momenta") else np.zeros((len(atoms), 3))
        known = atoms.copy()

        def make(cell: NDArray[np.float64], double: bool) -> Programs:
            return self.programs(forcefield, known, cell, double)

        simulation = JaxSimulation(make, atoms.get_positions() @ turn, velocities, cell, self.precision == "double")
        if restart is not None:
            simulation.restore(Path(restart))
        return simulation

    def calculator(self, forcefield: ForceField) -> Calculator:
        from .calculator import JaxCalculator

        return JaxCalculator(self, forcefield)


class _Case:
    """What compiled programs depend on."""

    def __init__(self, forcefield: ForceField, atoms: Atoms, cell: NDArray[np.float64], double: bool, accuracy: float) -> None:
        self.forcefield, self.atoms, self.cell, self.double, self.accuracy = forcefield, atoms, np.array(cell), double, accuracy
        species = atoms.arrays.get("species", atoms.numbers)
        fitted = self.cell.tobytes() if forcefield.coulomb.method == "ewald" else b""
        self._plain = (forcefield.name, species.tobytes(), double, accuracy, fitted)

    def __hash__(self) -> int:
        return hash(self._plain)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Case) and self._plain == other._plain and self.forcefield == other.forcefield


@lru_cache(maxsize=KEPT)
def _programs(case: _Case) -> Programs:
    import jax

    from .potential import potential
    from .programs import Programs

    atoms = case.atoms.copy()
    atoms.set_cell(case.cell)
    with jax.enable_x64(True):
        made = potential(case.forcefield, atoms, precision="double" if case.double else "single", skin=SKIN, accuracy=case.accuracy)
    return Programs(made, made.bound.masses[made.bound.types] * MASS_VELOCITY2)
