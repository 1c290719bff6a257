"""Structure factors S(Q) in the Faber-Ziman convention, two ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from ...library.scattering import Radiation
from ..frames import Pair, fractions_of, frames_of
from .direct import direct_partials
from .partials import CONVENTION, PartialSamples
from .shells import pair_shells
from .windows import Window

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


def _checked(q: ArrayLike) -> NDArray[np.float64]:
    try:
        values = np.atleast_1d(np.asarray(q, dtype=float))
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)) or values[0] <= 0 or np.any(np.diff(values) <= 0):
        raise InputError("The wave numbers q must be positive and increasing.", mend="Try numpy.arange(0.4, 20, 0.05), in 1/Å.")
    return values


def sample_partials(
    frames: Sequence[Atoms], q: NDArray[np.float64], method: str = "transform", q_width: float | None = None, window: Window = "none"
) -> PartialSamples:
    """Partial S_ab(Q) of every configuration; arguments as for ``structure_factor``."""
    if method == "transform":
        return pair_shells(frames, float(q[-1])).partials(q, window)
    if method == "direct":
        samples, widest, widened = direct_partials(frames, q, q_width)
        about: dict[str, object] = {**CONVENTION, "method": "direct", "frames": len(frames), "finite_size": "exact for the periodic box"}
        if widened:
            about["widened"] = f"{widened} bins held no reciprocal-lattice vector of the box and were widened, to {widest:.3f} 1/Å at most"
        return PartialSamples(q, samples, fractions_of(frames[0]), about)
    raise InputError(f"The method {method!r} is unknown.", mend="Use transform or direct.")
