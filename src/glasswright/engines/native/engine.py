"""The compiled core as an engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...errors import InputError
from ...forcefield import ForceField, Source
from ...forms import STILLINGER_WEBER
from ...native import core, without_core
from ...units import MASS_VELOCITY2
from ..base import Engine, Simulation
from ..cell import checked_cell, widths
from .far_field import SHORTEST, choose_far_field
from .interactions import SKIN, Interactions
from .simulation import NativeSimulation

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

ROOM = 1.05
"""How much wider than twice the cutoff a cell must be at the start: it may shrink by a seventh of its volume."""
AMPLE_ROOM = 1.1
"""The same where the cutoff may be chosen: the cell may shrink by a quarter of its volume."""
ESP = Source("Liang et al., Ewald summation with prolate spheroidal wave functions, arXiv:2505.09727 (2025)", "10.48550/arXiv.2505.09727")


@dataclass(frozen=True)
class NativeEngine(Engine):
    """Pair force fields as one merged table per pair, with Ewald sums by prolates; Stillinger-Weber."""

    accuracy: float = 1e-5
    """Relative force error asked of the Ewald sum, rms(ΔF)/rms(F)."""
    threads: int = 1
    precision: Literal["mixed", "double"] = "mixed"
    name = "native"

    def supports(self, forcefield: ForceField, atoms: Atoms | None = None) -> str | None:
        if forcefield.many_body not in ("", STILLINGER_WEBER):
            return f"The compiled core evaluates pairs, Ewald sums and Stillinger-Weber, and this one is {forcefield.many_body}: use engine lammps or jax."
        if atoms is None:
            return None
        interactions = self.interactions(forcefield, atoms)
        width = float(widths(checked_cell(atoms)[0]).min())
        needed = ROOM * interactions.least_width
        if width >= needed:
            return None
        many = len(atoms) * (needed / width) ** 3
        return (
            f"A cutoff of {interactions.cutoff:g} Å needs a cell at least {needed:.1f} Å wide, and this one is {width:.1f} Å wide: "
            f"use about {many:.0f} atoms or more, or engine lammps."
        )

    def available(self) -> str | None:
        return without_core()

    def versions(self) -> dict[str, str]:
        return {"instruction set": core().instruction_set}

    def sources(self, forcefield: ForceField) -> tuple[Source, ...]:
        return (ESP,) if forcefield.coulomb.method == "ewald" else ()

    def interactions(self, forcefield: ForceField, atoms: Atoms) -> Interactions:
        """The force field made ready for these atoms.

        Raises
        ------
        InputError
            If the compiled core does not evaluate such a force field.
        """
        if forcefield.many_body not in ("", STILLINGER_WEBER):
            raise InputError(f"The native engine cannot evaluate force field {forcefield.name!r}.", self.supports(forcefield) or "")
        bound = forcefield.bind(atoms)
        if bound.coulomb.method != "ewald":
            return Interactions(bound, None, self.accuracy, self.precision == "double", self.threads)
        shortest = max((term.cutoff for term in bound.pairs.values()), default=0.0)
        cell, _ = checked_cell(atoms)
        # A cell too narrow for any cutoff is repeated by the calculator, and refused by dynamics.
        repeats = np.ceil(2 * ROOM * max(shortest, SHORTEST) / widths(cell))
        wide = cell * repeats[:, None]
        fastest = choose_far_field(self.accuracy, wide, len(atoms) * int(repeats.prod()), shortest).split
        # The cutoff is a matter of speed: what a narrow cell can hold will do, however much it shrinks.
        cutoff = min(fastest.cutoff, max(shortest, float(widths(wide).min()) / (2 * AMPLE_ROOM)))
        return Interactions(bound, replace(fastest, cutoff=cutoff), self.accuracy, self.precision == "double", self.threads)

    def describe(self, forcefield: ForceField, atoms: Atoms) -> dict[str, object]:
        interactions = self.interactions(forcefield, atoms)
        facts: dict[str, object] = {
            "program": "the compiled core of glasswright",
            "instruction_set": core().instruction_set,
            "threads": self.threads,
            "precision": self.precision,
            "cutoff": interactions.cutoff,
            "skin": SKIN,
            "coulomb": forcefield.coulomb.method,
        }
        return facts | interactions.describe(checked_cell(atoms)[0])

    def open(self, atoms: Atoms, forcefield: ForceField, directory: Path, restart: Path | None = None) -> Simulation:
        if refusal := self.supports(forcefield, atoms):
            raise InputError("The native engine cannot move these atoms.", refusal)
        cell, turn = checked_cell(atoms)
        velocities = atoms.get_velocities() @ turn / np.sqrt(MASS_VELOCITY2) if atoms.has("momenta") else np.zeros((len(atoms), 3))
        simulation = NativeSimulation(self.interactions(forcefield, atoms), atoms.get_positions() @ turn, velocities, cell)
        if restart is not None:
            simulation.restore(Path(restart))
        return simulation

    def calculator(self, forcefield: ForceField) -> Calculator:
        from .calculator import NativeCalculator

        return NativeCalculator(self, forcefield)
