"""What measured curves fix and what they leave open: the spread over structures that agree with them alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...experiment import Experiment
from ...library.scattering import weights
from ..frames import Pair, elements_and_types, frames_of, half_box, pairs_of, shell_volumes
from ..pairs.rdf import partial_rdf
from .shells import PairShells, pair_shells

if TYPE_CHECKING:
    from ase import Atoms

R_MAX, BIN = 10.0, 0.05
"""Of g(r) [Å]."""
CORE = 0.02
"""g(r) begins where it exceeds this."""
CLEARLY = 1.1
"""A spread above this multiple of that of counting is called one of the structures."""
Q_STEP = 0.05
"""Where spreads in Q are taken for curves in r [1/Å]."""


@dataclass(frozen=True)
class CurveSpread:
    """How far the simulated curve of one data set differs between structures, as a fraction of S(Q) - 1 in the mean square."""

    spread: float
    """Of the total."""
    independent: float
    """What it would be if the partials varied by as much as they do, each by itself."""

    @property
    def held(self) -> float:
        """Share of the partials' freedom that is left to the total: near 1 where nothing holds it, near 0 where the data do."""
        return self.spread / self.independent if self.independent > 0 else 0.0


@dataclass(frozen=True)
class PartialSpread:
    """How far one partial g(r) differs between structures, as a fraction of r [g(r) - 1] in the mean square beyond its core."""

    spread: float
    counting: float
    """What counting alone gives in a box of this size (Poisson)."""

    @property
    def beyond_counting(self) -> float:
        """What is left when the noise of counting is taken off."""
        return float(np.sqrt(max(0.0, self.spread**2 - self.counting**2)))


@dataclass(frozen=True)
class Ensemble:
    """Structures that were refined against the same data from independent starts."""

    members: int
    data: Mapping[str, CurveSpread]
    partials: Mapping[Pair, PartialSpread]

    @property
    def sentence(self) -> str:
        """The result in words."""
        parts = []
        if self.data:
            held = ", ".join(
                f"{name} by {100 * one.spread:.2g} % ({100 * one.independent:.2g} % were the partials independent)" for name, one in self.data.items()
            )
            parts.append(f"Between {self.members} structures the simulated curves vary: {held}.")
        (a, b), one = max(self.partials.items(), key=lambda item: item[1].beyond_counting)
        if one.spread > CLEARLY * one.counting:
            parts.append(
                f"Of the partial g(r) {a}-{b} is known least: it varies by {100 * one.spread:.2g} %, where counting explains {100 * one.counting:.2g} %."
            )
        else:
            parts.append("The partial g(r) vary by no more than counting in a box of this size explains.")
        return " ".join(parts)


def ensemble(frames: Sequence[Atoms], data: Mapping[str, Experiment] | None = None) -> Ensemble:
    """Spread over independent structures of the totals that data fix, and of the partials that make them up.

    Parameters
    ----------
    frames
        At least two structures of the same atoms, refined against the same data from independent starts.
    data
        Name → the measured curve.

    Raises
    ------
    InputError
        If there are fewer than two structures, or they are not of the same atoms.
    """
    frames = frames_of(frames)
    if len(frames) < 2:
        raise InputError("A spread needs at least two structures.", f"There is {len(frames)}.", "Refine with replicas=3 or more.")
    ranges = {name: _q_of(one) for name, one in (data or {}).items()}
    shells = pair_shells(frames, max((float(q[-1]) for q in ranges.values()), default=10.0))
    return Ensemble(len(frames), {name: _curve_spread(shells, one, ranges[name]) for name, one in (data or {}).items()}, _partial_spreads(frames))


def _q_of(experiment: Experiment) -> NDArray[np.float64]:
    """Where a curve is looked at in Q [1/Å]: at its points, or over the range it was transformed from."""
    if experiment.in_q:
        return experiment.curve.x[experiment.curve.x > 0]
    low, high = experiment.q_range or (0.5, 20.0)
    return np.arange(max(low, Q_STEP), high, Q_STEP)


def _curve_spread(shells: PairShells, experiment: Experiment, q: NDArray[np.float64]) -> CurveSpread:
    q = q[q >= 2 * np.pi / shells.r_max]
    if q.size == 0:
        raise InputError("The box is too small for this measured curve.", f"It knows nothing below Q = {2 * np.pi / shells.r_max:.2f} 1/Å.")
    partials = shells.partials(q).samples
    w = weights(shells.fractions, experiment.radiation, q, experiment.isotopes, experiment.form_factors)
    total = np.sum([w[pair] * (values - 1) for pair, values in partials.items()], axis=0)
    apart = np.sum([w[pair] ** 2 * values.var(axis=0, ddof=1) for pair, values in partials.items()], axis=0)
    signal = float((total.mean(axis=0) ** 2).sum())
    return CurveSpread(float(np.sqrt(total.var(axis=0, ddof=1).sum() / signal)), float(np.sqrt(apart.sum() / signal)))


def _partial_spreads(frames: Sequence[Atoms]) -> dict[Pair, PartialSpread]:
    elements, types = elements_and_types(frames[0])
    number = dict(zip(elements, np.bincount(types), strict=True))
    each = [partial_rdf(atoms, min(R_MAX, half_box(frames)), BIN) for atoms in frames]
    volume = float(np.mean([a.cell.volume for a in frames]))
    found = {}
    for a, b in pairs_of(elements):
        r = each[0][a, b].x
        g = np.array([one[a, b].y for one in each])
        mean = g.mean(axis=0)
        shell = shell_volumes(np.append(r - 0.5 * BIN, r[-1] + 0.5 * BIN))
        ideal = number[a] * number[b] / volume * shell * (0.5 if a == b else 1.0)  # pairs in a shell where g = 1
        outside = np.arange(r.size) >= int(np.argmax(mean > CORE))
        signal = float((r * (mean - 1))[outside] @ (r * (mean - 1))[outside])
        spread = (r**2 * g.var(axis=0, ddof=1))[outside].sum()
        counting = (r**2 * mean / ideal)[outside].sum()
        found[a, b] = PartialSpread(float(np.sqrt(spread / signal)), float(np.sqrt(counting / signal)))
    return found
