"""The first peak of a pair: how many neighbours it holds, where it is and how wide, by a fit of Gaussians as diffraction does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ...experiment import Experiment, factor_and_offset, kind_of
from ...experiment.transform import window_values
from ...library.scattering import mean_squared_length, neutron_length
from ..density import number_density
from ..frames import Pair, fractions_of, frames_of
from .cutoffs import bonded_pairs, covalent_distance, first_shells, smoothed
from .rdf import partial_rdf

if TYPE_CHECKING:
    from ase import Atoms

NEAR = 0.35
"""The top of the first peak is looked for so near the sum of the covalent radii, in proportion."""
SMOOTHING = 0.03
"""Standard deviation of the Gaussian that smooths a curve before the foot of its peak is looked for [Å]."""
FOOT = 0.01
"""Where a peak has fallen to this share of its height, it ends at the latest."""
STEP_Q = 0.02
"""Of the integral that broadens a peak [1/Å]."""


@dataclass(frozen=True)
class Gaussian:
    """One term of a fit."""

    number: float
    """Neighbours."""
    position: float
    """[Å]"""
    width: float
    """Standard deviation [Å]."""


@dataclass(frozen=True, eq=False)
class PeakFit:
    """The first peak of a pair, (centre, neighbour)."""

    pair: Pair
    number: float
    """Neighbours around a centre: area of the fitted peak of r·T(r)."""
    position: float
    """[Å]; mean of the Gaussians."""
    width: float
    """Standard deviation of the distances [Å], without the broadening by the end of the Q range."""
    number_error: float
    position_error: float
    """[Å]"""
    width_error: float
    """[Å]; standard errors, over configurations where there are several, else of the fit."""
    counted: float
    """Neighbours by integration over the range."""
    r_range: tuple[float, float]
    """What was fitted [Å]."""
    gaussians: Sequence[Gaussian]
    data: Curve
    """t(r): neighbours per Å, over r."""
    fitted: Curve
    """The same of the fit."""


def fit_first_peak(  # noqa: PLR0913 (a public call)
    data: Curve | Experiment,
    pair: Pair,
    r_range: tuple[float, float] | None = None,
    n_gaussians: int = 1,
    *,
    fractions: Mapping[str, float] | None = None,
    density: float | None = None,
    q_max: float | None = None,
    window: str | None = None,
    isotopes: Mapping[str, str] | None = None,
) -> PeakFit:
    """Fit the first peak of a pair in a partial g(r), or in a neutron total g(r), G(r), D(r) or T(r), simulated or measured.

    The model is t(r) = Σ N/(Rσ√2π) exp[-(r-R)²/2σ²], neighbours per Å over r (r·t(r) has the area N), seen through the same end of
    the Q range and the same window as the data: (N/πR) ∫ M(Q) exp(-σ²Q²/2) [cos Q(r-R) - cos Q(r+R)] dQ (Hannon, Howells and Soper,
    Inst. Phys. Conf. Ser. 107, 193 (1990); Wright, doi 10.1016/0022-3093(94)90687-4).

    Parameters
    ----------
    data
        A partial g(r) as ``partial_rdf`` gives it, a total correlation function of neutrons, or an Experiment that holds one.
    pair
        (centre, neighbour): N counts neighbours around a centre.
    r_range
        What to fit [Å]; None: from foot to foot of the first peak near the sum of the covalent radii.
    n_gaussians
        More than one where a shell holds bonds of different lengths, such as bridging and terminal oxygens around P.
    fractions, density
        Element → atom fraction, and atoms per volume [1/Å³]; taken from an Experiment.
    q_max, window
        Where the Q range of a transform ended [1/Å], and its window; None: what the data say, else no broadening.
    isotopes
        Element → isotope of a total; taken from an Experiment.

    Raises
    ------
    InputError
        If there is no such peak, or the curve is of no kind from which neighbours can be counted.
    """
    if isinstance(data, Experiment):
        if data.radiation != "neutron":
            raise InputError("The first peak of an X-ray curve is not fitted.", "X-ray weights depend on Q: no constant turns its area into neighbours.")
        fractions, isotopes = data.composition.atom_fractions, data.isotopes
        density, window = density or data.number_density, window or data.window
        q_max = q_max or (None if data.q_range is None else data.q_range[1])
        data = data.curve
    seen = _Seen.of(data, q_max, window)
    t = _neighbours_per_length(data, pair, fractions, density, isotopes)
    low, high = r_range or _feet(t, pair)
    return _fit(t, pair, (low, high), n_gaussians, seen)


def bond_peaks(source: Atoms | Sequence[Atoms], pairs: Sequence[Pair] | None = None, n_gaussians: int = 1) -> dict[Pair, PeakFit]:
    """First peaks of the partial g(r) of a model, ``(centre, neighbour)`` → fit; errors over configurations where there are several.

    Parameters
    ----------
    pairs
        None: the pairs that bond, both ways round. A pair without a peak is left out. A peak is fitted up to the cutoff of the pair.
    """
    frames = frames_of(source)
    wanted = [p for a, b in bonded_pairs(frames) for p in dict.fromkeys(((a, b), (b, a)))] if pairs is None else list(pairs)
    shells = first_shells(frames)
    fractions, density = fractions_of(frames[0]), number_density(frames)
    single = [partial_rdf(a, 6.0, 0.02) for a in frames]
    found = {}
    for pair in wanted:
        key: Pair = (min(pair), max(pair))
        curves = [g[key] for g in single]
        mean = replace(curves[0], y=np.mean([c.y for c in curves], axis=0))
        try:
            shell = (float(mean.x[np.argmax(mean.y > 0)]), shells[key][1])
            whole = fit_first_peak(mean, pair, shell, n_gaussians, fractions=fractions, density=density)
            each = [fit_first_peak(c, pair, whole.r_range, n_gaussians, fractions=fractions, density=density) for c in curves] if len(frames) > 1 else []
        except InputError:  # too few of these pairs to make a peak
            continue
        found[pair] = _with_errors(whole, each) if each else whole
    return found


def _with_errors(whole: PeakFit, each: Sequence[PeakFit]) -> PeakFit:
    number, position, width = (
        float(np.std(values, ddof=1) / np.sqrt(len(each))) for values in zip(*((f.number, f.position, f.width) for f in each), strict=True)
    )
    return replace(whole, number_error=number, position_error=position, width_error=width)


@dataclass(frozen=True)
class _Seen:
    """The Q range that a curve was made from; without end for counts."""

    q_max: float | None
    window: str

    @classmethod
    def of(cls, curve: Curve, q_max: float | None, window: str | None) -> _Seen:
        known = curve.metadata.get("q_range")
        end = float(known[1]) if q_max is None and isinstance(known, list | tuple) else q_max
        return cls(end, str(window or curve.metadata.get("window") or "none"))

    def peak(self, r: NDArray[np.float64], number: float, position: float, width: float) -> NDArray[np.float64]:
        """t(r) of one Gaussian."""
        if self.q_max is None:
            return np.asarray(number / (position * width * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((r - position) / width) ** 2))
        q = np.arange(0, self.q_max + STEP_Q / 2, STEP_Q)
        weight = window_values(self.window, q, float(q[-1])) * np.exp(-0.5 * (width * q) ** 2) * STEP_Q
        weight[[0, -1]] /= 2
        return np.asarray(number / (np.pi * position) * ((np.cos(np.outer(r - position, q)) - np.cos(np.outer(r + position, q))) @ weight))


def _neighbours_per_length(curve: Curve, pair: Pair, fractions: Mapping[str, float] | None, density: float | None, isotopes: Mapping[str, str] | None) -> Curve:
    """t(r) of the pair: neighbours per Å, over r [1/Å²]."""
    kind = kind_of(curve.kind)
    if kind.in_q or curve.metadata.get("radiation") == "xray":
        raise InputError(f"No peak is fitted in this {curve.kind}.", mend="Give a partial g(r), or a neutron g(r), G(r), D(r) or T(r).")
    if fractions is None or density is None:
        raise InputError("Neighbours cannot be counted without composition and density.", mend="Give fractions={'Si': 1/3, 'O': 2/3} and density= in atoms/Å³.")
    if not set(pair) <= set(fractions):
        raise InputError(f"There is no {'-'.join(pair)} in a glass of {', '.join(fractions)}.")
    centre, neighbour = pair
    squared = mean_squared_length(fractions, isotopes)
    factor, offset = factor_and_offset(kind.name, curve.x, density, squared)
    scale = 4 * np.pi * density * fractions[neighbour] * curve.x
    if curve.label not in ("-".join(pair), "-".join(reversed(pair))):
        b = {e: neutron_length((isotopes or {}).get(e, e)) / 10 for e in pair}
        scale = 4 * np.pi * density * curve.x * squared / ((2 - (centre == neighbour)) * fractions[centre] * b[centre] * b[neighbour])
    sigma = None if curve.sigma is None else np.abs(curve.sigma / factor * scale)
    y = scale * (1 + (curve.y - offset) / factor)
    return Curve(curve.x, y, sigma, "t(r)", "Å", "1/Å²", f"{centre}-{neighbour}", {**curve.metadata, "normalisation": "neighbours per Å, over r"})


def _feet(t: Curve, pair: Pair) -> tuple[float, float]:
    """Where the first peak begins and ends [Å]."""
    near = covalent_distance(pair)
    window = np.flatnonzero(np.abs(t.x / near - 1) < NEAR)
    if window.size < 5:
        raise InputError(f"The curve does not reach the first peak of {'-'.join(pair)}, near {near:.2f} Å.")
    y = smoothed(t.y, SMOOTHING / float(np.median(np.diff(t.x))))
    top = int(window[y[window].argmax()])
    if y[top] <= 0 or top in (window[0], window[-1]):
        raise InputError(f"There is no first peak of {'-'.join(pair)} near {near:.2f} Å.", mend="Give r_range, in Å.")
    falls = np.diff(y)
    rising, low = np.flatnonzero(falls[top:] >= 0), np.flatnonzero(y[top:] < FOOT * y[top])
    right = top + int(min(rising.min(initial=y.size - 1 - top), low.min(initial=y.size - 1 - top)))
    falling, low = np.flatnonzero(falls[:top] <= 0), np.flatnonzero(y[:top] < FOOT * y[top])
    left = int(max(falling.max(initial=-1) + 1, low.max(initial=-1) + 1))
    return float(t.x[left]), float(t.x[right])


def _fit(t: Curve, pair: Pair, r_range: tuple[float, float], count: int, seen: _Seen) -> PeakFit:
    from scipy.optimize import curve_fit

    inside = (t.x >= r_range[0]) & (t.x <= r_range[1])
    r, y = t.x[inside], t.y[inside]
    if count < 1 or r.size < 3 * count + 1:
        raise InputError(f"{r.size} points from {r_range[0]:g} to {r_range[1]:g} Å are too few for {count} Gaussians.", mend="Give a wider r_range.")
    area = float(np.sum(0.5 * (r[1:] * y[1:] + r[:-1] * y[:-1]) * np.diff(r)))
    if area <= 0:
        raise InputError(f"There is no peak of {'-'.join(pair)} from {r_range[0]:g} to {r_range[1]:g} Å.")
    weight = np.clip(r * y, 0, None)
    middle = float(np.average(r, weights=weight))
    spread = max(float(np.sqrt(np.average((r - middle) ** 2, weights=weight))), 0.01)

    def model(at: NDArray[np.float64], *values: float) -> NDArray[np.float64]:
        return np.sum([seen.peak(at, *values[3 * k : 3 * k + 3]) for k in range(count)], axis=0)  # type: ignore[no-any-return]

    places = middle + spread * np.linspace(-1, 1, count) if count > 1 else [middle]
    start = [v for place in places for v in (area / count, place, 0.6 * spread)]
    bounds = ([0.0, r_range[0], 1e-3] * count, [4 * area + 1, r_range[1], r_range[1] - r_range[0]] * count)
    sigma = t.sigma[inside] if t.sigma is not None and np.all(t.sigma[inside] > 0) else None
    try:
        values, covariance = curve_fit(model, r, y, start, sigma, absolute_sigma=sigma is not None, bounds=bounds)
    except RuntimeError as error:
        raise InputError(f"The first peak of {'-'.join(pair)} cannot be fitted.", str(error), "Give r_range, or another n_gaussians.") from None
    return _result(t, pair, r_range, _Solution(values.reshape(count, 3), covariance, area), seen, model(t.x, *values))


@dataclass(frozen=True)
class _Solution:
    values: NDArray[np.float64]
    """``(n_gaussians, 3)``"""
    covariance: NDArray[np.float64]
    area: float


def _result(t: Curve, pair: Pair, r_range: tuple[float, float], found: _Solution, seen: _Seen, fitted: NDArray[np.float64]) -> PeakFit:
    numbers, places, widths = found.values.T
    # Number, mean and standard deviation of the mixture, and their errors from those of its terms.
    share = numbers / numbers.sum()
    position = float(share @ places)
    width = float(np.sqrt(share @ (widths**2 + (places - position) ** 2)))
    slopes = np.zeros((3, found.values.size))
    slopes[0, 0::3] = 1
    slopes[1, 0::3], slopes[1, 1::3] = (places - position) / numbers.sum(), share
    slopes[2, 0::3] = (widths**2 + (places - position) ** 2 - width**2) / (2 * width * numbers.sum())
    slopes[2, 1::3], slopes[2, 2::3] = share * (places - position) / width, share * widths / width
    # Points of a transform closer than π/Q_max say nothing new.
    repeated = 1.0 if seen.q_max is None else max(1.0, np.pi / seen.q_max / float(np.median(np.diff(t.x))))
    number_error, position_error, width_error = np.sqrt(np.clip(np.einsum("ij,jk,ik->i", slopes, found.covariance, slopes), 0, None) * repeated)
    terms = tuple(Gaussian(*map(float, row)) for row in found.values[np.argsort(places)])
    curve = replace(t, y=fitted, sigma=None, metadata={**t.metadata, "gaussians": len(terms)})
    errors = (float(number_error), float(position_error), float(width_error))
    return PeakFit(pair, float(numbers.sum()), position, width, *errors, found.area, r_range, terms, t, curve)
