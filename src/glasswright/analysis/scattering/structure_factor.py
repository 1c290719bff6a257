"""Structure factors S(Q), two ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from ...experiment import Window
from ...library.scattering import Radiation
from ..frames import Pair, fractions_of, frames_of, half_box
from .direct import direct_partials
from .formalisms import Formalism
from .partials import PartialSamples
from .shells import pair_shells

if TYPE_CHECKING:
    from ase import Atoms

Method = Literal["transform", "direct", "auto"]


def structure_factor(  # noqa: PLR0913 (a public call)
    source: Atoms | Sequence[Atoms],
    q: ArrayLike,
    radiation: Radiation = "neutron",
    method: Method = "transform",
    q_width: float | None = None,
    window: Window = "none",
    isotopes: Mapping[str, str] | None = None,
    form_factors: Mapping[str, str] | None = None,
    threads: int = 1,
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
        2π / (half box). ``direct``: sum over the reciprocal-lattice vectors of the box, exact for it, for any cell; its cost grows
        with Q³ times the volume. ``auto``: direct where g(r) holds no information, below 2π / (half box), the transform beyond
        twice that, and a mean of both, weighted linearly, between.
    q_width
        Bins of the direct sum [1/Å]; None: the spacing of ``q`` (in ``auto``, π / (2 half boxes) if that is wider). A bin without a
        vector is widened, and ``metadata["widened"]`` says so.
    window
        Softens the end of the transform: ``none``, ``lorch``, ``revised-lorch`` or ``welch``.
    isotopes
        Element → isotope, such as ``{"Ge": "73Ge"}``; neutrons only.
    form_factors
        Element → ion, such as ``{"Si": "Si4+", "O": "O2-"}``; X-rays only. None: neutral atoms.
    threads
        For the direct sum.

    Returns
    -------
    Faber-Ziman S(Q), 1 at large Q; ``sigma`` is the standard error over configurations.
    """
    frames = frames_of(source)
    return sample_partials(frames, _checked(q), method, q_width, window, threads).total(radiation, isotopes, form_factors)


def partial_structure_factors(
    source: Atoms | Sequence[Atoms],
    q: ArrayLike,
    method: Method = "transform",
    q_width: float | None = None,
    window: Window = "none",
    formalism: Formalism = "faber-ziman",
    threads: int = 1,
) -> dict[Pair, Curve]:
    """Partial structure factors; arguments as for ``structure_factor``.

    Returns
    -------
    Pair of elements, alphabetical → S_ab(Q): with ``faber-ziman`` 1 at large Q, with ``ashcroft-langreth`` δ_ab; of two elements with
    ``bhatia-thornton`` ``("N", "N"), ("N", "C"), ("C", "C")`` → S_NN, S_NC and S_CC, which end at 1, 0 and c₁c₂.
    """
    frames = frames_of(source)
    return sample_partials(frames, _checked(q), method, q_width, window, threads).partials(formalism)


def _checked(q: ArrayLike) -> NDArray[np.float64]:
    try:
        values = np.atleast_1d(np.asarray(q, dtype=float))
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)) or values[0] <= 0 or np.any(np.diff(values) <= 0):
        raise InputError("The wave numbers q must be positive and increasing.", mend="Try numpy.arange(0.4, 20, 0.05), in 1/Å.")
    return values


def sample_partials(
    frames: Sequence[Atoms], q: NDArray[np.float64], method: str = "transform", q_width: float | None = None, window: Window = "none", threads: int = 1
) -> PartialSamples:
    """Partial S_ab(Q) of every configuration; arguments as for ``structure_factor``."""
    if method == "transform":
        return pair_shells(frames, float(q[-1])).partials(q, window)
    if method == "direct":
        samples, widest, widened = direct_partials(frames, q, q_width, threads)
        about: dict[str, object] = {"method": "direct", "frames": len(frames), "finite_size": "exact for the periodic box"}
        if widened:
            about["widened"] = f"{widened} bins held no reciprocal-lattice vector of the box and were widened, to {widest:.3f} 1/Å at most"
        return PartialSamples(q, samples, fractions_of(frames[0]), about)
    if method == "auto":
        return _joined(frames, q, q_width, window, threads)
    raise InputError(f"The method {method!r} is unknown.", mend="Use transform, direct or auto.")


def _joined(frames: Sequence[Atoms], q: NDArray[np.float64], q_width: float | None, window: Window, threads: int) -> PartialSamples:
    """The direct sum at low Q, the transform at high Q, faded into each other over the range where g(r) begins to know."""
    r_max = half_box(frames)
    start = 2 * np.pi / r_max
    share = np.clip(q / start - 1, 0, 1)  # of the transform
    low, high = q[share < 1], q[share > 0]
    if not high.size:
        return sample_partials(frames, q, "direct", q_width, window, threads)
    transform = sample_partials(frames, high, "transform", None, window)
    if not low.size:
        return transform
    spacing = float(np.median(np.diff(low))) if low.size > 1 else 0.0
    direct = sample_partials(frames, low, "direct", max(spacing, np.pi / 2 / r_max) if q_width is None else q_width, window, threads)
    samples = {}
    for pair, values in direct.samples.items():
        both = np.zeros((len(frames), q.size))
        both[:, share < 1] += (1 - share[share < 1]) * values
        both[:, share > 0] += share[share > 0] * transform.samples[pair]
        samples[pair] = both
    joined = f"direct sum below Q = {start:.2f} 1/Å, transform of g(r) above {2 * start:.2f} 1/Å, mean weighted linearly between"
    return PartialSamples(q, samples, transform.fractions, {**transform.about, **direct.about, "method": "auto", "finite_size": joined, "joined": joined})
