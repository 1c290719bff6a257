"""Random, periodic packing by sequential insertion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..composition import Composition
from ..errors import InputError
from ..library.density import choose_density
from ..units import U_PER_A3
from .distances import distance_matrix

if TYPE_CHECKING:
    from ase import Atoms

_SATURATION = 0.38  # Random sequential insertion of equal spheres saturates at 0.384 of space.
_PROPOSALS = 4000  # Positions tried per round, so that the last atoms do not cost a round each.
_PATIENCE = 60_000  # Proposals in a row without a success before the packing is called impossible.
_MOST_ATOMS = 10_000_000


def pack(
    composition: Composition | str | Mapping[str, float],
    n_atoms: int = 3000,
    density: float | str | None = None,
    seed: int = 1,
    minimum_distances: Mapping[object, float] | None = None,
) -> Atoms:
    """Place atoms at random in a cubic periodic box, no two closer than their minimum distance.

    Parameters
    ----------
    composition
        The glass, for instance ``"30Na2O-70SiO2"``.
    n_atoms
        Atoms asked for; the nearest whole, charge-neutral count is taken.
    density
        [g/cm³]; None: ``choose_density`` of the library decides.
    seed
        The same seed gives the same packing.
    minimum_distances
        Pair → distance [Å], as ``{("O", "Si"): 1.4}`` or ``{"O-Si": 1.4}``; pairs left out keep their default.

    Returns
    -------
    Atoms
        Grouped by species, without velocities. ``info`` says composition, how far it is from the one asked for, and where the density comes
        from (``composition``, ``composition_deviation``, ``density``, ``density_source``, ``density_warning``). The array
        ``species`` is present where species are finer than elements (Fe2, Fe3).

    Raises
    ------
    InputError
        If the composition, a number or a distance makes no sense, or the atoms do not fit at this density.
    """
    from ase import Atoms
    from ase.data import atomic_masses, atomic_numbers

    glass = composition if isinstance(composition, Composition) else Composition(composition)
    counts = glass.counts(n_atoms)
    if counts.n_atoms > _MOST_ATOMS:
        raise InputError(f"{n_atoms} atoms are more than this packing can hold.", mend=f"Ask for at most {_MOST_ATOMS}, or replicate a smaller glass.")
    choice = choose_density(glass, density)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"The seed must be a whole number, not {seed!r}.", mend="Use seed=1.")
    elements = sorted(counts.counts)
    numbers = np.array([counts.counts[element] for element in elements])
    mass = sum(n * float(atomic_masses[atomic_numbers[element]]) for element, n in counts.counts.items())
    edge = (mass * U_PER_A3 / choice.value) ** (1 / 3)
    distances = distance_matrix(elements, glass.is_oxide, minimum_distances)
    _refuse_impossible(elements, numbers, distances, edge, choice.value)
    types = np.repeat(np.arange(len(elements)), numbers)
    positions = _insert(types, distances, edge, np.random.default_rng(seed), choice.value)
    atoms = Atoms([elements[t] for t in types], positions=positions, cell=[edge] * 3, pbc=True)
    if set(counts.species) != set(counts.counts):
        labels = [label for element in elements for label, n in counts.species.items() if label.rstrip("0123456789") == element for _ in range(n)]
        atoms.set_array("species", np.array(labels))
    atoms.info.update(
        composition=glass.formula,
        composition_deviation=counts.sentence,
        density=choice.value,
        density_source=choice.source,
        density_warning=choice.warning,
    )
    return atoms


def _refuse_impossible(elements: list[str], numbers: NDArray[np.int64], distances: NDArray[np.float64], edge: float, density: float) -> None:
    """Refuse what cannot fit, before trying."""
    own = [(elements[i], distances[i, i]) for i in range(len(elements)) if distances[i, i] > edge]
    if own:
        name, distance = own[0]
        raise InputError(f"The box is {edge:.2f} Å wide and two {name} must stay {distance:.2f} Å apart.", mend="Ask for more atoms.")
    # A pair excludes a sphere of its minimum distance; half the mean excluded volume is what equal spheres would fill.
    share = numbers / numbers.sum()
    filled = math.pi / 6 * numbers.sum() / edge**3 * float(share @ distances**3 @ share)
    if filled > _SATURATION and numbers.sum() > 1:
        raise _too_dense(density, f"At their minimum distances the atoms would fill {100 * filled:.0f} % of space, and random packing ends near 38 %.")


def _too_dense(density: float, why: str) -> InputError:
    return InputError(f"The atoms do not fit at {density:.4g} g/cm³.", why, "Lower the density, or the minimum distances.")


def _insert(types: NDArray[np.int64], distances: NDArray[np.float64], edge: float, rng: np.random.Generator, density: float) -> NDArray[np.float64]:
    """Positions ``(n_atoms, 3)`` [Å] by random sequential insertion, many proposals at a time."""
    positions = np.empty((len(types), 3))
    placed = np.zeros(len(types), dtype=bool)
    failures = 0
    while not placed.all():
        waiting = np.flatnonzero(~placed)
        proposed = np.tile(waiting, max(1, min(_PROPOSALS, 2 * len(types)) // len(waiting)))
        trial = rng.random((len(proposed), 3)) * edge
        free = _without_conflict(positions[placed], types[placed], trial, types[proposed], distances, edge)
        chosen, first = np.unique(proposed[free], return_index=True)
        positions[chosen] = trial[free][first]
        placed[chosen] = True
        failures = 0 if len(chosen) else failures + len(proposed)
        if failures > _PATIENCE:
            raise _too_dense(density, f"{int(placed.sum())} of {len(types)} atoms found a place; {failures} attempts found none for the rest.")
    return positions


def _without_conflict(
    positions: NDArray[np.float64],
    types: NDArray[np.int64],
    trial: NDArray[np.float64],
    trial_types: NDArray[np.int64],
    distances: NDArray[np.float64],
    edge: float,
) -> NDArray[np.int64]:
    """Indices of the proposals that are far enough from every placed atom and from every earlier proposal."""
    from scipy.spatial import cKDTree

    everything = np.concatenate([positions, trial])
    kinds = np.concatenate([types, trial_types])
    # A coordinate that rounds to the very edge belongs at 0.
    everything = np.where(everything >= edge, 0.0, everything)
    pairs = cKDTree(everything, boxsize=edge).query_pairs(distances.max(), output_type="ndarray")
    pairs = pairs[pairs.max(axis=1) >= len(positions)]
    step = everything[pairs[:, 0]] - everything[pairs[:, 1]]
    step -= edge * np.round(step / edge)
    close = np.einsum("ij,ij->i", step, step) < distances[kinds[pairs[:, 0]], kinds[pairs[:, 1]]] ** 2
    blocked = np.zeros(len(everything), dtype=bool)
    blocked[pairs[close].max(axis=1)] = True
    return np.flatnonzero(~blocked[len(positions) :])
