"""Energy minimisation of the positions, or of positions and the volume as one set of variables: the searches of ``native/minimiser.hpp``.

Variables are x and q = ε·length with x and cell ∝ exp(ε). The force on ε is the trace of the virial, as the positions follow the cell.
Energies are not used: near a minimum their differences drown in rounding while forces do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import RunFailed
from ...stage import Minimization

Array = NDArray[np.float64]
PRESSURE_TOLERANCE = 3e-5
"""Pressure at which a cell is at rest [eV/Å³]: 0.005 GPa."""


@dataclass
class _Place:
    """Where a search is, and the forces there."""

    evaluate: Callable[[Array, Array], tuple[Array, Array]]
    settings: Minimization
    positions: Array
    cell: Array

    def __post_init__(self) -> None:
        n = len(self.positions)
        # A strain then is about as stiff as a bond.
        self.length = float(n**0.5 * (abs(np.linalg.det(self.cell)) / n) ** (1 / 3))
        self.look()

    def look(self) -> None:
        forces, virial = self.evaluate(self.positions, self.cell)
        if not np.isfinite(forces).all():
            raise RunFailed(
                "The minimisation failed.",
                "It met forces that are no numbers: atoms lie on top of each other.",
                "Push the atoms apart first, by a short run with a capped displacement.",
            )
        self.pressure = float(np.trace(virial)) / (3 * abs(np.linalg.det(self.cell))) if self.settings.cell else 0.0
        strain_force = float(np.trace(virial)) / self.length if self.settings.cell else 0.0
        self.force = np.append(forces.ravel(), strain_force)

    @property
    def at_rest(self) -> bool:
        return bool(np.abs(self.force[:-1]).max() <= self.settings.force_tolerance and abs(self.pressure) <= PRESSURE_TOLERANCE)

    def move(self, way: Array) -> None:
        """By a change of all variables."""
        stretch = np.exp(way[-1] / self.length)
        self.positions = stretch * (self.positions + way[:-1].reshape(-1, 3))
        self.cell = stretch * self.cell

    def largest(self, way: Array) -> float:
        """How far an atom moves; for a strain, what it moves an atom by that is ten times its distance from the neighbours away."""
        return max(float(np.abs(way[:-1]).max()), 10 * abs(float(way[-1])) / self.length)


def minimised(positions: Array, cell: Array, settings: Minimization, evaluate: Callable[[Array, Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Positions ``(n_atoms, 3)`` and cell ``(3, 3)`` [Å] at the end of a search.

    Parameters
    ----------
    evaluate
        (positions, cell) → (forces ``(n_atoms, 3)`` [eV/Å], virial -dE/dε ``(3, 3)`` [eV]).

    Raises
    ------
    RunFailed
        If atoms lie on top of each other.
    """
    place = _Place(evaluate, settings, positions, cell)
    (_fire if settings.method == "fire" else _conjugate_gradients)(place)
    return place.positions, place.cell


def _fire(place: _Place) -> None:
    """FIRE 2.0: Guénolé et al. 2020 (doi 10.1016/j.commatsci.2020.109584), unit masses."""
    first_step, longest_step, shortest_step, mixing, stride, delay = 0.02, 0.2, 2e-4, 0.25, 0.1, 20
    dt, mix, since, v = first_step, mixing, 0, np.zeros_like(place.force)
    for step in range(place.settings.max_steps):
        if place.at_rest:
            return
        if place.force @ v > 0:
            since += 1
            if since > delay:
                dt, mix = min(1.1 * dt, longest_step), 0.99 * mix
        else:
            since, mix = 0, mixing
            if step >= delay:
                dt = max(0.5 * dt, shortest_step)
            place.move(-0.5 * dt * v)
            v = np.zeros_like(v)
        v = v + dt * place.force
        v = (1 - mix) * v + mix * np.linalg.norm(v) / np.linalg.norm(place.force) * place.force
        place.move(min(dt, stride / place.largest(v)) * v)
        place.look()


def _conjugate_gradients(place: _Place) -> None:
    """Polak and Ribière, restarted when β < 0; line searches look for the zero of the derivative."""
    direction, before, step = np.zeros_like(place.force), None, 0.01
    for _ in range(place.settings.max_steps):
        if place.at_rest:
            return
        force = place.force
        beta = 0.0 if before is None else max(0.0, float(force @ (force - before) / (before @ before)))
        direction, before = beta * direction + force, force
        if direction @ force <= 0:  # not downhill: begin anew
            direction = force
        step = _line_search(place, direction, step)


def _line_search(place: _Place, direction: Array, step: float) -> float:
    """Along a direction to where the force along it is small; returns how far."""
    flat, longest_way, trials = 0.1, 0.2, 10
    limit, begin = longest_way / place.largest(direction), float(place.force @ direction)
    here, low, at_low, high, at_high, bracketed = 0.0, 0.0, begin, longest_way / place.largest(direction), -1.0, False
    ahead = min(step, limit)
    for _ in range(trials):
        place.move((ahead - here) * direction)
        place.look()
        here, slope = ahead, float(place.force @ direction)
        if abs(slope) <= flat * begin or (slope > 0 and here >= limit):
            break
        if slope > 0:
            low, at_low = here, slope
        else:
            high, at_high, bracketed = here, slope, True
        if bracketed:
            ahead = low + (high - low) * min(max(at_low / (at_low - at_high), 0.1), 0.9)
        else:
            ahead = min(limit, here * min(max(begin / max(begin - slope, 1e-12 * begin), 1.2), 4.0))
    return here
