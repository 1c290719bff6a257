"""What cannot be, or looks wrong, before a refinement begins: data, density, distances and neighbours that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..analysis.frames import Pair, fractions_of, pairs_of
from ..analysis.pairs.cutoffs import covalent_distance, first_maximum
from ..analysis.scattering.as_measured import seen_weights
from ..analysis.scattering.conversion import convert
from ..curve import Curve
from ..errors import InputError
from ..experiment import KINDS, Experiment, factor_and_offset
from ..io.experiments import DataSet
from ..library.density import choose_density
from ..library.scattering import mean_squared_length
from ..native import neighbour_pairs
from .constraints import Constraint, Coordination, check_constraints

if TYPE_CHECKING:
    from ase import Atoms

OFF_DENSITY = 0.03
"""A model whose density differs by more than this share from that of the sample is pointed out."""
OFF_LIBRARY = 0.1
"""A density that differs by more than this share from the measured one of the library is pointed out."""
HOLE_WIDTH = 0.4
"""Standard deviation of the Gaussian with which the space around an atom is looked at [Å]: well inside the shortest bonds."""
HOLE = (0.45, 1.9)
"""What the hole around an atom may be found to be, over what it is; good data of glasses give 0.6 to 1.2."""
BELIEVABLE = (0.7, 1.4)
"""The same for another reading of the data that is proposed."""
DENSEST = 0.7405
"""Share of space that spheres fill at most."""
HARDLY_MOBILE = 0.5
"""Share of space beyond which hard spheres hardly move: they freeze at 0.494."""


def check_data(atoms: Atoms, data: Sequence[DataSet], minimum_distances: Mapping[str, float] | None = None, constraints: Sequence[Constraint] = ()) -> tuple[str, ...]:
    """Compare a start, measured curves, minimum distances and constraints with one another.

    Parameters
    ----------
    minimum_distances
        Pair of elements, as ``"O-Si"`` → [Å].

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
    found += core_doubts(atoms, closest)
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


def data_doubts(experiment: Experiment, density: float | None = None) -> list[str]:
    """Whether a curve can be of this normalisation and density: no atom lies in the hole around another.

    ∫ Q² [S(Q) - 1] dQ = -2π²ρ (Krogh-Moe, doi 10.1107/S0365110X56002655; Norman, doi 10.1107/S0365110X57001085), with a Gaussian on it that
    keeps noise at high Q out: g(r) - 1, averaged over a small sphere around an atom, is -1.

    Parameters
    ----------
    density
        Atoms per volume [1/Å³], where the experiment does not say it.
    """
    rho = experiment.number_density or density
    hole = None if rho is None or experiment.counted else _hole(experiment, experiment.kind.name, rho)
    if rho is None or hole is None:
        return []
    found = []
    if not HOLE[0] < hole < HOLE[1]:
        others = [
            name
            for name, kind in KINDS.items()
            if kind.in_q == experiment.in_q
            and (kind.xray or experiment.radiation == "neutron")
            and name not in (experiment.kind.name, "F(Q)")
            and (h := _hole(experiment, name, rho)) is not None
            and BELIEVABLE[0] < h < BELIEVABLE[1]
            and _ends_at_its_limit(experiment, name, rho)
        ]
        advice = f"Read as {' or '.join(others)} it would agree." if others else "Check its normalisation, the composition and isotopes, and the density."
        why = f"Around an atom, where no other can be, this {experiment.kind.name} shows {hole:.2f} times the hole that the density makes"
        found.append(f"{why} (∫ Q² [S(Q) - 1] dQ is {hole:.2f} times -2π²ρ). {advice}")
    elif not experiment.in_q and experiment.curve.x[-1] > 5:
        far = experiment.curve.x > 0.6 * experiment.curve.x[-1]
        level = 1 + float(np.mean(_excess(experiment, experiment.kind.name, rho)[far]))
        if abs(level - 1) > OFF_LIBRARY:
            found.append(f"At large r this {experiment.kind.name} ends at {level:.2f} times the density that is given: one of the two is wrong.")
    return found


def _hole(experiment: Experiment, kind: str, density: float) -> float | None:
    """How deep the hole around an atom is, over 1, if the curve is of this kind; None where the data do not tell."""
    x, y = experiment.curve.x, _excess(experiment, kind, density)
    if not experiment.in_q:
        if x[0] > 1 or x[-1] < 2:
            return None
        y = np.where(x < x[0], y[0], y)
        ball = 4 * np.pi * x**2 * np.exp(-0.5 * (x / HOLE_WIDTH) ** 2) / (2 * np.pi * HOLE_WIDTH**2) ** 1.5
        missing = float(np.sum(np.interp(np.linspace(0, x[0], 50), x, ball)) * x[0] / 50) if x[0] > 0.05 else 0.0
        return -_integral(x, y * ball) + missing
    width = max(HOLE_WIDTH, 3.5 / float(x[-1]))
    if x[0] > 1 or width > 0.55:
        return None
    # Below the data S(Q) - 1 is held constant.
    return -(_integral(x, x**2 * y * np.exp(-0.5 * (x * width) ** 2)) + y[0] * x[0] ** 3 / 3) / (2 * np.pi**2 * density)


def _excess(experiment: Experiment, kind: str, density: float) -> NDArray[np.float64]:
    """S(Q) - 1 or g(r) - 1, if the curve is of this kind; of X-rays over ⟨f⟩²."""
    x, c = experiment.curve.x, experiment.composition.atom_fractions
    b2 = mean_squared_length(c, experiment.isotopes) if experiment.radiation == "neutron" else 1.0
    factor, offset = factor_and_offset(kind, x, density, b2)
    y = (experiment.curve.y - offset) / factor
    if experiment.divisor == "<f2>" and experiment.in_q:
        y = y / np.sum(list(seen_weights(c, experiment, x).values()), axis=0)
    return np.asarray(y)


def _ends_at_its_limit(experiment: Experiment, kind: str, density: float) -> bool:
    y = _excess(experiment, kind, density)
    return bool(abs(np.mean(y[-max(1, len(y) // 5) :])) < 0.15)


def _integral(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return float(np.sum(0.5 * (y[1:] + y[:-1]) * np.diff(x)))


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
    if known.kind == "measured" and abs(ratio - 1) > OFF_LIBRARY:
        found.append(f"The density of the sample, {said[0]:.3g} g/cm³, is far from the measured {known.value:.3g} g/cm³ ({known.source}).")
    return found


def first_peak(experiment: Experiment, density: float | None = None) -> tuple[float, float] | None:
    """Position and foot, where it has risen to a tenth of its height, of the first peak of a curve [Å]; None where the data do not show it.

    Curves in Q are transformed with a window; only where all pairs have positive weights.
    """
    rho = experiment.number_density or density
    weights = seen_weights(experiment.composition.atom_fractions, experiment, np.array([1.0]))
    if rho is None or min(float(w[0]) for w in weights.values()) < 0:
        return None
    if experiment.in_q:
        if experiment.curve.x[-1] < 10 or experiment.density is None:
            return None
        radiation, composition = experiment.radiation, experiment.composition
        excess = Curve(experiment.curve.x, _excess(experiment, experiment.kind.name, rho), None, "S(Q)-1")
        g = convert(excess, "g(r)", composition, experiment.density, radiation, isotopes=experiment.isotopes, window="lorch", x=np.arange(0.8, 5, 0.01))
        r, y = g.x, g.y
    else:
        near = (experiment.curve.x > 0.8) & (experiment.curve.x < 5)
        r, y = experiment.curve.x[near], 1 + _excess(experiment, experiment.kind.name, rho)[near]
    if len(r) < 10 or y.max() < 1.5:
        return None
    top = first_maximum(y, 0.4 * float(y.max()))
    if top is None or y[top] < 1.5:
        return None
    below = np.flatnonzero(y[:top] < 0.1 * y[top])
    return float(r[top]), float(r[below[-1]]) if below.size else float(r[0])


def distance_doubts(minimum_distances: Mapping[Pair, float], experiment: Experiment, density: float | None = None) -> list[str]:
    """Minimum distances against the first peak of a curve.

    Raises
    ------
    InputError
        If the atoms whose distance the first peak is may not come as close as it is.
    """
    peak = first_peak(experiment, density)
    if peak is None or not minimum_distances:
        return []
    top, foot = peak
    pairs = pairs_of(list(experiment.composition.atom_fractions))
    near = [p for p in pairs if abs(covalent_distance(p) / top - 1) < 0.2]
    free = [p for p in near or pairs if minimum_distances.get(p, 0.0) < top]
    names = " and ".join("-".join(p) for p in near or pairs)
    if not free:
        shortest = min(minimum_distances.get(p, 0.0) for p in near or pairs)
        what = f"The first peak of the data is at {top:.2f} Å, and {names} may not come closer than {shortest:.2f} Å."
        raise InputError(what, "No structure has both.", f"Lower the minimum distance to about {foot:.2f} Å.")
    if all(minimum_distances.get(p, 0.0) > foot + 0.5 * (top - foot) for p in near or pairs):
        return [f"The minimum distance of {names} cuts into the first peak of the data, which begins near {foot:.2f} Å."]
    return []


def core_doubts(atoms: Atoms, minimum_distances: Mapping[Pair, float]) -> list[str]:
    """Minimum distances against the density, and against the start.

    Raises
    ------
    InputError
        If hard cores of this size fill more space than there is.
    """
    if not minimum_distances:
        return []
    elements = sorted(set(atoms.get_chemical_symbols()))
    symbols = np.array(atoms.get_chemical_symbols())
    numbers = np.array([np.sum(symbols == e) for e in elements])
    distances = np.array([[minimum_distances.get((min(a, b), max(a, b)), 0.0) for b in elements] for a in elements])
    filled = filled_space(numbers, distances, float(atoms.cell.volume))
    found = []
    if filled > DENSEST:
        what = f"At their minimum distances the atoms would fill {100 * filled:.0f} % of space, and spheres fill {100 * DENSEST:.0f} % at most."
        raise InputError(what, f"The density is {len(atoms) / atoms.cell.volume:.4f} atoms/Å³.", "Lower the minimum distances, or the density.")
    if filled > HARDLY_MOBILE:
        found.append(f"At their minimum distances the atoms fill {100 * filled:.0f} % of space: few moves will find room.")
    types = np.searchsorted(elements, symbols)
    near = neighbour_pairs(atoms.positions, atoms.cell.array, types, distances)
    if len(near.first):
        i = int(np.argmin(near.distances / distances[types[near.first], types[near.second]]))
        pair = "-".join(sorted((str(symbols[near.first[i]]), str(symbols[near.second[i]]))))
        count = len(near.first) // 2
        found.append(f"In the start {count} pairs are closer than their minimum distance; the worst is {pair} at {near.distances[i]:.2f} Å.")
    return found


def filled_space(numbers: NDArray[np.int64], distances: NDArray[np.float64], volume: float) -> float:
    """Share of space that spheres fill which cannot overlap: radii R_a + R_b within each minimum distance, as large as they can be.

    Parameters
    ----------
    numbers
        Of atoms ``(n_elements,)``.
    distances
        Minimum distances ``(n_elements, n_elements)`` [Å].
    volume
        [Å³]
    """
    best = 0.0
    # The sum of cubes is largest at a corner: some elements take all they can, the others what is left.
    for order in permutations(range(len(numbers))) if len(numbers) <= 6 else [tuple(np.argsort(-np.diag(distances)))]:
        radii: dict[int, float] = {}
        for a in order:
            radii[a] = max(0.0, min([distances[a, a] / 2, *(distances[a, b] - radii[b] for b in radii)]))
        best = max(best, float(sum(4 / 3 * np.pi * r**3 * numbers[a] for a, r in radii.items())) / volume)
    return best


def check_neighbours(atoms: Atoms, constraints: Sequence[Coordination], minimum_distances: Mapping[Pair, float]) -> None:
    """Refuse coordination numbers that no arrangement of atoms has.

    Raises
    ------
    InputError
        If there are too few neighbours, they do not fit around an atom, or two constraints count the same bonds and disagree.
    """
    symbols = atoms.get_chemical_symbols()
    for c in constraints:
        least, share = c.range[0], 1.0 if c.fraction is None else max(0.0, c.fraction - c.tolerance)
        there = symbols.count(c.neighbour) - (c.centre == c.neighbour)
        if share > 0 and least > there:
            raise InputError(f"{c.centre} is to have {least} {c.neighbour} neighbours, and there are {there} {c.neighbour} atoms.", mend="Take more atoms, or correct number.")
        apart = minimum_distances.get((c.neighbour, c.neighbour), 0.0)
        fit = neighbours_that_fit(c.distances[1], apart)
        if share > 0 and least > fit:
            what = f"{c.centre} is to have {least} {c.neighbour} neighbours within {c.distances[1]:g} Å, and at most {fit} fit."
            raise InputError(what, f"Two {c.neighbour} stay {apart:g} Å apart.", "Lower number or the minimum distance, or raise the cutoff.")
    for c in constraints:
        for other in constraints:
            if (other.centre, other.neighbour, other.distances) == (c.neighbour, c.centre, c.distances) and c.fraction is None and other.fraction is None:
                bonds, most = symbols.count(c.centre) * c.range[0], symbols.count(other.centre) * other.range[1]
                if bonds > most:
                    what = f"Bonds do not add up: {c.centre} asks for {bonds} or more {c.centre}-{c.neighbour} bonds, {other.centre} allows {most}."
                    raise InputError(what, "Each bond is counted from both of its ends.", "Correct one of the two numbers.")


def neighbours_that_fit(cutoff: float, apart: float) -> int:
    """Upper bound on how many atoms lie within ``cutoff`` of one point, ``apart`` from each other [Å].

    Spheres of half that distance around them lie within a sphere that is larger by as much, and fill no more of it than spheres can
    (with the share of their own caps that any finite cluster has left free, this is generous).
    """
    if apart <= 0:
        return 10**9
    return max(1, int(DENSEST * (1 + cutoff / (apart / 2)) ** 3))
