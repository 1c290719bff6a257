"""Guards stop a run that has gone wrong."""

from dataclasses import replace

import numpy as np
import pytest

from glasswright.engines.base import State
from glasswright.errors import RunFailed
from glasswright.protocols.guards import Guards

N = 12
EDGE = 2.6


def sound() -> tuple[Guards, State]:
    """A jittered simple-cubic box of two species, 2.6 Å apart."""
    grid = np.stack(np.meshgrid(*[np.arange(N)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * EDGE
    positions = grid + np.random.default_rng(1).normal(scale=0.1, size=grid.shape)
    types = np.arange(len(grid)) % 2
    guards = Guards(types, {(0, 0): 1.2, (0, 1): 1.0}, ("O", "Si"), EDGE**-3)
    cell = np.eye(3) * N * EDGE
    return guards, State(0, positions, np.zeros_like(positions), cell, 3000.0, 0.1, np.zeros(6), -6.0 * len(grid), 0.4 * len(grid), 0.0)


def test_a_sound_melt_passes() -> None:
    guards, state = sound()
    guards.check(state, replace(state, potential_energy=state.potential_energy + 0.1 * len(state.positions)), "melt", settled=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: replace(s, potential_energy=float("nan")), "blown up"),
        (lambda s: replace(s, positions=s.positions * np.nan), "blown up"),
        (lambda s: replace(s, potential_energy=s.potential_energy - len(s.positions)), "jumped"),
        (lambda s: replace(s, cell=s.cell * 1.3, positions=s.positions * 1.3), "boiling"),
        (lambda s: replace(s, positions=s.positions * [0.7, 1, 1] + [1, 0, 0]), "cavitated"),
    ],
)
def test_what_is_stopped(change: object, message: str) -> None:
    guards, state = sound()
    with pytest.raises(RunFailed, match=message):
        guards.check(change(state), state, "melt", settled=True)  # type: ignore[operator]


def test_fused_atoms_are_named() -> None:
    guards, state = sound()
    positions = state.positions.copy()
    positions[1:20:2] = positions[0:20:2] + np.array([0.5, 0, 0])
    with pytest.raises(RunFailed, match=r"repulsive core.*O-Si at 0\.50"):
        guards.check(replace(state, positions=positions), None, "melt", settled=True)


def test_evaporated_atoms_are_counted() -> None:
    """Four atoms float in holes of 5.3 Å, too small for the search of voids to see."""
    guards, state = sound()
    holes = np.array([[8, 8, 8], [23, 23, 8], [8, 23, 23], [23, 8, 23.0]])
    full = np.linalg.norm(state.positions[:, None] - holes, axis=2).min(axis=1) > 5.3
    types = np.append(guards.types[full], [0] * 4)
    few = replace(guards, types=types, first_density=len(types) / state.volume)
    with pytest.raises(RunFailed, match="evaporating: 4 atoms"):
        few.check(replace(state, positions=np.vstack([state.positions[full], holes])), None, "melt", settled=True)


def test_a_packing_being_pushed_apart_is_watched_for_numbers_only() -> None:
    guards, state = sound()
    guards.check(replace(state, positions=state.positions * 0), state, "push-off", settled=False)
    with pytest.raises(RunFailed, match="blown up"):
        guards.check(replace(state, pressure=float("inf")), state, "push-off", settled=False)
