"""Single points through ASE."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress

from ... import units
from ...forcefield import ForceField
from ..cell import checked_cell
from .input import is_triclinic, write_data, write_snapshot
from .simulation import LammpsSimulation

if TYPE_CHECKING:
    from ase import Atoms

    from .engine import LammpsEngine


class LammpsCalculator(Calculator):
    """Energy [eV], forces [eV/Å] and stress [eV/Å³] of a force field, for any periodic cell.

    LAMMPS stays alive between calls; it begins anew where species, charges or the kind of cell change.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012  as ASE declares it

    def __init__(self, engine: LammpsEngine, forcefield: ForceField) -> None:
        super().__init__()
        self.engine, self.forcefield = engine, forcefield
        self._simulation: LammpsSimulation | None = None
        self._kind: tuple[object, ...] = ()

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        bound = self.forcefield.bind(self.atoms)
        cell, turn = checked_cell(self.atoms)
        fractional = self.atoms.get_scaled_positions(wrap=True)
        positions = fractional @ cell
        kind = (bound.species, bound.types.tobytes(), bound.charges.tobytes(), is_triclinic(cell))
        if self._simulation is None or kind != self._kind:
            self.close()
            self._directory = Path(tempfile.mkdtemp(prefix="glasswright-"))
            self._simulation = LammpsSimulation(self.engine.program(self._directory), bound, self.engine.settings(bound))
            self._end = weakref.finalize(self, _end, self._simulation, self._directory)
            self._kind = kind
            write_data(self._directory / "start.data", bound, cell, positions, None)
            self._simulation.begin("start.data")
        else:
            write_snapshot(self._directory / "snapshot.dump", bound, cell, positions)
            self._simulation.replace_positions("snapshot.dump")
        state, forces = self._simulation.state(), self._simulation.forces()
        stress = turn @ voigt_6_to_full_3x3_stress(state.stress / units.GPA) @ turn.T
        self.results: dict[str, Any] = {
            "energy": state.potential_energy,
            "free_energy": state.potential_energy,
            "forces": forces @ turn.T,
            "stress": full_3x3_to_voigt_6_stress(stress),
        }

    def close(self) -> None:
        """End LAMMPS; the next calculation starts it again."""
        if self._simulation is not None:
            self._end()
            self._simulation = None


def _end(simulation: LammpsSimulation, directory: Path) -> None:
    simulation.close()
    shutil.rmtree(directory, ignore_errors=True)
