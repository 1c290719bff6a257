"""Single points through ASE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress

from ...forcefield import ForceField
from ..cell import checked_cell, widths
from .interactions import Interactions

if TYPE_CHECKING:
    from ase import Atoms

    from .engine import NativeEngine


class NativeCalculator(Calculator):
    """Energy [eV], forces [eV/Å] and stress [eV/Å³] of a force field, for any periodic cell.

    A cell narrower than twice the cutoff is repeated until it is wide enough.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012  as ASE declares it

    def __init__(self, engine: NativeEngine, forcefield: ForceField) -> None:
        super().__init__()
        self.engine, self.forcefield = engine, forcefield
        self._kind: tuple[object, ...] = ()
        self._forces: Any = None

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        cell, turn = checked_cell(self.atoms)
        single = self.engine.interactions(self.forcefield, self.atoms)
        repeats = tuple(np.ceil(single.least_width / widths(cell) - 1e-9).astype(int).tolist())
        many = int(np.prod(repeats))
        interactions = single.repeated(many)
        shifts = np.stack(np.meshgrid(*(np.arange(n) for n in repeats), indexing="ij"), axis=-1).reshape(-1, 1, 3) @ cell
        positions = (self.atoms.get_positions() @ turn + shifts).reshape(-1, 3)
        whole = cell * np.array(repeats)[:, None]
        found = self._evaluator(interactions, whole).evaluate(positions, whole)
        stress = turn @ voigt_6_to_full_3x3_stress(-found["virial"] / abs(np.linalg.det(whole))) @ turn.T
        energy = found["energy"] / many
        self.results: dict[str, Any] = {
            "energy": energy,
            "free_energy": energy,
            "forces": found["forces"][: len(self.atoms)] @ turn.T,
            "stress": full_3x3_to_voigt_6_stress(stress),
        }

    def _evaluator(self, interactions: Interactions, cell: np.ndarray) -> Any:
        """The compiled forces, made anew where species, charges or the mesh of the far field change."""
        far = interactions.far_field(cell)
        bound = interactions.bound
        kind = (bound.species, bound.types.tobytes(), bound.charges.tobytes(), far)
        if kind != self._kind:
            self._forces, self._kind = interactions.forces(far), kind
        return self._forces
