"""Structure factors S(Q) in the Faber-Ziman convention, two ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..curve import Curve
from ..errors import InputError
from ..library.scattering import Radiation, weights
from ..native import pair_histogram
from .direct import direct_partials
from .frames import Pair, elements_and_types, fractions_of, frames_of, half_box, mean_and_error, pairs_of
from .windows import Window, window_values

if TYPE_CHECKING:
    from ase import Atoms

Method = Literal["transform", "direct"]


def structure_factor(
    source: Atoms | Sequence[Atoms],
    q: ArrayLike,
    radiation: Radiation = "neutron",
    method: Method = "transform",
    q_width: float | None = None,
    window: Window = "none",
    isotopes: Mapping[str, str] | None = None,
) -> Curve:
    """Total S(Q) = 1 + Σ w_ab(Q) [S_ab(Q) - 1] of neutrons or X-rays.

    Parameters
    ----------
    source
        One configuration or several, periodic.
    q
        Increasing, positive ``(n,)`` [1/Å].
    method
        ``transform``: Fourier transform of g(r) up to half the box; resolution about 3.8 / (half box), unreliable below
        2π / (half box). ``direct``: sum over the reciprocal-lattice vectors of the box, exact for it.
    q_width
        Bins of the direct sum [1/Å]; None: the spacing of ``q``. A bin without a vector is widened, and ``metadata["widened"]`` says so.
    window
        Softens the end of the transform: ``none`` or ``lorch``.
    isotopes
        Element → isotope, such as ``{"Ge": "73Ge"}``; neutrons only.

    Returns
    -------
    Faber-Ziman S(Q), 1 at large Q; ``sigma`` is the standard error over configurations.
    """
    frames = frames_of(source)
    wave_numbers = _checked(q)
    return sample_partials(frames, wave_numbers, method, q_width, window).total(radiation, isotopes)


def partial_structure_factors(
    source: Atoms | Sequence[Atoms], q: ArrayLike, method: Method = "transform", q_width: float | None = None, window: Window = "none"
) -> dict[Pair, Curve]:
    """Faber-Ziman partial S_ab(Q), each 1 at large Q; arguments as for ``structure_factor``."""
    frames = frames_of(source)
    wave_numbers = _checked(q)
    return sample_partials(frames, wave_numbers, method, q_width, window).partials()


@dataclass(frozen=True, eq=False)
class PartialSamples:
    """Partial structure factors of every configuration: totals for any radiation follow without another pass over the atoms."""

    q: NDArray[np.float64]
    """``(n_q,)`` [1/Å]"""
    samples: Mapping[Pair, NDArray[np.float64]]
    """Faber-Ziman S_ab(Q) ``(n_frames, n_q)``."""
    fractions: Mapping[str, float]
    """Element → atom fraction."""
    about: Mapping[str, object]
    """How they were made."""

    def total(self, radiation: Radiation, isotopes: Mapping[str, str] | None = None) -> Curve:
        """S(Q) = 1 + Σ w_ab(Q) [S_ab(Q) - 1]."""
        w = weights(self.fractions, radiation, self.q, isotopes)
        excess = [w[pair] * (values - 1) for pair, values in self.samples.items()]
        mean, error = mean_and_error(1 + np.sum(excess, axis=0))
        return Curve(self.q, mean, error, "S(Q)", "1/Å", "", radiation, {**self.about, "radiation": radiation, "isotopes": dict(isotopes or {})})

    def partials(self) -> dict[Pair, Curve]:
        """S_ab(Q), each 1 at large Q."""
        curves = {}
        for (a, b), values in self.samples.items():
            mean, error = mean_and_error(values)
            curves[a, b] = Curve(self.q, mean, error, "S(Q)", "1/Å", "", f"{a}-{b}", self.about)
        return curves


def _checked(q: ArrayLike) -> NDArray[np.float64]:
    values = np.atleast_1d(np.asarray(q, dtype=float))
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)) or values[0] <= 0 or np.any(np.diff(values) <= 0):
        raise InputError("The wave numbers q must be positive and increasing.", mend="Try numpy.arange(0.4, 20, 0.05), in 1/Å.")
    return values


def sample_partials(
    frames: Sequence[Atoms], q: NDArray[np.float64], method: str = "transform", q_width: float | None = None, window: Window = "none"
) -> PartialSamples:
    """Partial S_ab(Q) of every configuration; arguments as for ``structure_factor``."""
    fractions = fractions_of(frames[0])
    about: dict[str, object] = {"normalisation": "Faber-Ziman, 1 at large Q", "method": method, "frames": len(frames)}
    if method == "transform":
        r_max = half_box(frames)
        limit = f"g(r) ends at half the box, {r_max:.1f} Å: unreliable below Q = {2 * np.pi / r_max:.2f} 1/Å"
        about |= {"r_max": r_max, "window": window, "finite_size": limit}
        return PartialSamples(q, _transformed(frames, q, r_max, window), fractions, about)
    if method == "direct":
        samples, widest, widened = direct_partials(frames, q, q_width)
        about |= {"finite_size": "exact for the periodic box"}
        if widened:
            about["widened"] = f"{widened} bins held no reciprocal-lattice vector of the box and were widened, to {widest:.3f} 1/Å at most"
        return PartialSamples(q, samples, fractions, about)
    raise InputError(f"The method {method!r} is unknown.", mend="Use transform or direct.")


def _transformed(frames: Sequence[Atoms], q: NDArray[np.float64], r_max: float, window: Window) -> dict[Pair, NDArray[np.float64]]:
    """S_ab(Q) - 1 = 4πρ ∫ r² [g_ab(r) - 1] M(r) sin(Qr)/(Qr) dr for every configuration."""
    # Averaging over a bin damps by sinc(Q·width/2): at most 0.2 % here.
    n_bins = int(np.ceil(r_max / min(0.02, 0.2 / q[-1])))
    edges = np.linspace(0, r_max, n_bins + 1)
    r = 0.5 * (edges[1:] + edges[:-1])
    shells = 4 / 3 * np.pi * np.diff(edges**3)
    kernel = window_values(window, r, r_max)[:, None] * np.sinc(np.outer(r, q) / np.pi)
    elements, _ = elements_and_types(frames[0])
    out: dict[Pair, list[NDArray[np.float64]]] = {pair: [] for pair in pairs_of(elements)}
    for atoms in frames:
        _, types = elements_and_types(atoms)
        n = np.bincount(types).astype(float)
        counts = pair_histogram(atoms.positions, atoms.cell, types, len(elements), r_max, n_bins)
        for a, b in out:
            i, j = elements.index(a), elements.index(b)
            density = len(atoms) / atoms.cell.volume
            excess = len(atoms) * counts[i, j] / (n[i] * n[j]) - density * shells
            out[a, b].append(1 + excess @ kernel)
    return {pair: np.array(values) for pair, values in out.items()}
