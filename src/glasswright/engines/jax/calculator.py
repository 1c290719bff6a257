"""Single points through ASE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from ...forcefield import ForceField
from ..cell import checked_cell
from .neighbours import Neighbours
from .programs import Programs

if TYPE_CHECKING:
    from ase import Atoms

    from .engine import JaxEngine


class JaxCalculator(Calculator):
    """Energy [eV], forces [eV/Å] and stress [eV/Å³] of a force field, for any periodic cell."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012  as ASE declares it

    def __init__(self, engine: JaxEngine, forcefield: ForceField) -> None:
        super().__init__()
        self.engine, self.forcefield = engine, forcefield
        self._species: tuple[Any, ...] = ()
        self._programs: Programs | None = None
        self._neighbours: Neighbours | None = None

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        cell, turn = checked_cell(self.atoms)
        positions = self.atoms.get_positions() @ turn
        with jax.enable_x64(True):
            found = self._ready(cell).look(positions, cell, self._neighbours, room=self._neighbours)
        self._neighbours = found.neighbours
        energy, stress = float(found.energy), -turn @ np.asarray(found.virial) @ turn.T / abs(np.linalg.det(cell))
        self.results: dict[str, Any] = {
            "energy": energy,
            "free_energy": energy,
            "forces": np.asarray(found.forces) @ turn.T,
            "stress": full_3x3_to_voigt_6_stress(stress),
        }

    def _ready(self, cell: np.ndarray) -> Programs:
        """What is compiled, made anew where species change, or the cell outgrows its far field."""
        species = (self.atoms.numbers.tobytes(), self.atoms.arrays.get("species", self.atoms.numbers).tobytes())
        if self._programs is None or species != self._species or self._programs.potential.outgrown(cell):
            self._programs = self.engine.programs(self.forcefield, self.atoms, cell, self.engine.precision == "double")
            self._species, self._neighbours = species, None
        return self._programs
