"""The energy of a refinement: a force field in the Monte Carlo kernel, or any ASE calculator."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..engines import get_engine
from ..engines.cell import widths
from ..engines.native import NativeEngine
from ..engines.native.interactions import Interactions
from ..engines.native.monte_carlo import MonteCarloEnergy, monte_carlo_energy
from ..engines.native.relaxation import NativeRelaxation
from ..engines.relaxation import CalculatorRelaxation, Relaxation, Relaxed
from ..errors import InputError
from ..forcefield import ForceField
from ..forms.sampled_pairs import SampledPairs
from ..refinement.problem import Energy, Evaluator

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from ..native.monte_carlo import MonteCarlo


class CalculatorEnergy:
    """Of an ASE calculator: known for whole configurations, not move by move."""

    def __init__(self, name: str, atoms: Atoms, calculator: Calculator) -> None:
        self.name = name
        self._atoms, self._calculator = atoms.copy(), calculator
        self._atoms.calc = calculator

    @property
    def refusal(self) -> str:
        return f"{self.name} gives the energy of whole configurations only. Use a force field of the native engine, or method fear or gradient."

    def install(self, kernel: MonteCarlo) -> None:
        raise InputError(self.refusal)

    def evaluate(self, positions: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        self._atoms.set_positions(positions)
        return float(self._atoms.get_potential_energy()), np.asarray(self._atoms.get_forces())

    def evaluator(self) -> Evaluator:
        return self.evaluate

    @cached_property
    def _relaxation(self) -> Relaxation:
        return CalculatorRelaxation(self._atoms, self._calculator)

    def relax(self, positions: NDArray[np.float64], steps: int) -> Relaxed:
        return self._relaxation.minimised(positions, steps)

    def heat(self, positions: NDArray[np.float64], steps: int, temperature: float, seed: int) -> NDArray[np.float64]:
        return self._relaxation.heated(positions, steps, temperature, seed)

    def added(self, pairs: SampledPairs) -> Energy:
        raise InputError(f"No pair energies can be added to {self.name}.", mend="Use a force field of the native engine.")


class ForceFieldEnergy(CalculatorEnergy):
    """Of a force field that the compiled core knows."""

    def __init__(self, forcefield: ForceField, atoms: Atoms, engine: NativeEngine, r_max: float, interactions: Interactions | None = None) -> None:
        super().__init__(forcefield.name, atoms, engine.calculator(forcefield))
        self._forcefield, self._engine, self._r_max = forcefield, engine, r_max
        self.interactions = interactions or engine.interactions(forcefield, atoms)

    @cached_property
    def _terms(self) -> MonteCarloEnergy | InputError:
        try:
            return monte_carlo_energy(self.interactions, self._atoms.cell.array, self._r_max)
        except InputError as error:
            return error

    @property
    def refusal(self) -> str:
        return str(self._terms) if isinstance(self._terms, InputError) else ""

    def install(self, kernel: MonteCarlo) -> None:
        if isinstance(self._terms, InputError):
            raise self._terms
        self._terms.install(kernel)

    @cached_property
    def _narrow(self) -> bool:
        """Whether the cell holds more than one image of a pair; the calculator repeats it."""
        return bool(widths(self._atoms.cell.array).min() < self.interactions.least_width)

    def evaluator(self) -> Evaluator:
        if self._narrow:
            return CalculatorEnergy(self.name, self._atoms, self._engine.calculator(self._forcefield)).evaluate
        cell = self._atoms.cell.array
        forces = self.interactions.forces(self.interactions.far_field(cell))

        def evaluate(positions: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            found = forces.evaluate(np.ascontiguousarray(positions), cell)
            return float(found["energy"]), found["forces"]

        return evaluate

    @cached_property
    def _relaxation(self) -> Relaxation:
        if self._narrow:
            return CalculatorRelaxation(self._atoms, self._calculator)
        return NativeRelaxation(self.interactions, self._atoms.cell.array)

    def added(self, pairs: SampledPairs) -> Energy:
        more = replace(self.interactions, added=pairs)
        return ForceFieldEnergy(self._forcefield, self._atoms, self._engine, self._r_max, more)


def energy_of(forcefield: ForceField, atoms: Atoms, engine: str, threads: int, r_max: float) -> Energy:
    """The energy of a force field by the engine that suits it; in the kernel where that is the native one.

    Parameters
    ----------
    atoms
        In a lower-triangular cell.
    r_max
        How far the kernel counts pairs anyway [Å].
    """
    chosen, _ = get_engine(engine, forcefield, threads=threads)
    if isinstance(chosen, NativeEngine):
        return ForceFieldEnergy(forcefield, atoms, chosen, r_max)
    return CalculatorEnergy(forcefield.name, atoms, chosen.calculator(forcefield))
