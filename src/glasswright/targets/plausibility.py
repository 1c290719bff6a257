"""What cannot be, or looks wrong, before a refinement begins: data, density, distances and neighbours that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..analysis.frames import fractions_of
from ..errors import InputError
from ..experiment import Experiment
from ..io.experiments import DataSet
from ..library.density import choose_density
from .constraints import Constraint, Coordination, check_constraints
from .curve_doubts import OFF_LEVEL, data_doubts, distance_doubts
from .room import check_neighbours, core_doubts

if TYPE_CHECKING:
    from ase import Atoms

OFF_DENSITY = 0.03
"""A model whose density differs by more than this share from that of the sample is pointed out."""


def check_data(
    atoms: Atoms, data: Sequence[DataSet], minimum_distances: Mapping[str, float] | None = None, constraints: Sequence[Constraint] = (), *, packed: bool = False
) -> tuple[str, ...]:
    """Compare a start, measured curves, minimum distances and constraints with one another.

    Parameters
    ----------
    minimum_distances
        Pair of elements, as ``"O-Si"`` → [Å].
    packed
        The start was packed at random, and is put right before the first move: pairs that are too close are no news.

    Returns
    -------
    What looks wrong and may yet be right, in sentences.

    Raises
    ------
    InputError
        If no structure can be what is asked for.
    """
    found: list[str] = []
    closest = {(min(a, b), max(a, b)): r for label, r in (minimum_distances or {}).items() for a, _, b in [label.partition("-")]}
    density = len(atoms) / atoms.cell.volume
    for one in data:
        said = [*one.experiment.doubts, *differences(fractions_of(atoms), density, one.experiment), *data_doubts(one.experiment, density)]
        said += distance_doubts(closest, one.experiment, density)
        found += [f"{one.name}: {text}" for text in said]
    found += _density_doubts([one.experiment for one in data])
    found += core_doubts(atoms, closest, start=not packed)
    check_constraints(constraints, atoms, closest)
    check_neighbours(atoms, [c for c in constraints if isinstance(c, Coordination)], closest)
    return tuple(dict.fromkeys(found))


def same_elements(model: Sequence[str], experiment: Experiment) -> None:
    """Refuse a measurement of another glass.

    Raises
    ------
    InputError
        If its elements are not those of the model.
    """
    model, sample = sorted(model), sorted(experiment.composition.atom_fractions)
    if model != sample:
        what = f"The model holds {', '.join(model)}, the sample {', '.join(sample)}."
        raise InputError(what, "They are different glasses.", "Choose a measurement of this glass.")


def differences(fractions: Mapping[str, float], density: float, experiment: Experiment) -> list[str]:
    """Where model (atom fractions, atoms per Å³) and sample are not the same material."""
    same_elements(list(fractions), experiment)
    sample = experiment.composition.atom_fractions
    found = []
    off = max(abs(fractions[e] - sample[e]) for e in fractions)
    if off > 0.005:
        found.append(f"The atom fractions of model and sample differ by up to {off:.3f}.")
    ratio = density / experiment.number_density if experiment.number_density else 1.0
    if abs(ratio - 1) > OFF_DENSITY:
        found.append(f"The model is {abs(100 * (ratio - 1)):.1f} % {'denser' if ratio > 1 else 'lighter'} than the sample.")
    return found


def _density_doubts(experiments: Sequence[Experiment]) -> list[str]:
    """Densities that contradict one another, or the library."""
    said = [e.density for e in experiments if e.density]
    if not said:
        return []
    found = []
    if max(said) > min(said) * (1 + OFF_DENSITY):
        found.append(f"The data sets state densities from {min(said):.3g} to {max(said):.3g} g/cm³, and are of one sample.")
    known = choose_density(experiments[0].composition)
    ratio = said[0] / known.value
    if known.kind == "measured" and abs(ratio - 1) > OFF_LEVEL:
        found.append(f"The density of the sample, {said[0]:.3g} g/cm³, is far from the measured {known.value:.3g} g/cm³ ({known.source}).")
    return found
