"""Mean-square displacements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from .motion import Motion
from .origins import Averages, Moved, over_origins

if TYPE_CHECKING:
    from ase import Atoms

_AXES = {"x": 0, "y": 1, "z": 2}


def displacement(start: NDArray[np.float64], now: NDArray[np.float64], cell: NDArray[np.float64], masses: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each atom has moved ``(n_atoms, 3)`` [Å], from unwrapped *fractional* coordinates ``(n_atoms, 3)`` and the present cell.

    The affine breathing of the cell and the motion of the centre of mass are left out.
    """
    moved = now - start
    return np.asarray((moved - masses @ moved / masses.sum()) @ cell)


def squared_displacement(first: Atoms, last: Atoms) -> NDArray[np.float64]:
    """Squared distance each atom has moved ``(n_atoms,)`` [Å²].

    Positions must be unwrapped, as in the frames of a run. The motion of the centre of mass and the affine breathing of the
    cell are left out.
    """
    if len(first) != len(last):
        raise InputError("The configurations have different numbers of atoms.")
    start, end = (a.positions @ np.linalg.inv(np.asarray(a.cell)) for a in (first, last))
    return np.asarray((displacement(start, end, np.asarray(last.cell), last.get_masses()) ** 2).sum(axis=1))


def mean_square_displacement(
    frames: Sequence[Atoms],
    lags: Literal["log", "linear"] | ArrayLike = "log",
    origins: Literal["all", "first"] = "all",
    direction: Literal["x", "y", "z"] | ArrayLike | None = None,
    stride: int | None = None,
) -> dict[str, Curve]:
    """Mean-square displacement of each element against time [fs], averaged over many origins in one pass.

    Parameters
    ----------
    frames
        Unwrapped positions at equal steps of time, as in a run; read one at a time. Time comes from ``info["time"]`` [fs], else the
        number of the configuration is taken. A frame that is not at its time is left out of the lags that it does not fit.
    lags
        ``"log"`` (twelve per decade) or ``"linear"``, up to half the trajectory, or times [fs].
    origins
        ``"all"``, or ``"first"`` for displacements from the first configuration to every later one.
    direction
        ``"x"``, ``"y"``, ``"z"`` or a vector ``(3,)``: the mean square of that component alone; None: of the whole displacement.
    stride
        Every ``stride``-th frame is an origin; None: all, or fewer where more than 64 would have to be kept at a time.

    Returns
    -------
    Element → MSD [Å²]; ``sigma`` is the standard error from blocks of origins. The motion of the centre of mass (by mass) and the
    affine breathing of the cell are left out.
    """
    if origins not in ("all", "first"):
        raise InputError(f"Origins {origins!r} are unknown.", mend="Use all or first.")
    axis = _axis(direction)

    def measure(moved: Moved) -> NDArray[np.float64]:
        return moved.motion.mean(moved.squared if axis is None else (axis @ moved.vectors) ** 2)

    motion = Motion(frames)
    (averages,) = over_origins(motion, [measure], lags, stride, origins == "first")
    along = "" if axis is None else direction if isinstance(direction, str) else str(axis.round(6).tolist())
    return displacement_curves(averages, motion.elements, origins, along)


def displacement_curves(averages: Averages, elements: Sequence[str], origins: str = "all", along: str = "") -> dict[str, Curve]:
    """Curves from averages of the squared displacement."""
    value, error = averages.estimate(lambda mean: mean)
    about = {"origin": "every configuration" if origins == "all" else "first configuration", **({"direction": along} if along else {})}
    return {e: averages.curve(value[:, k], error[:, k], "MSD", "Å²", e, about) for k, e in enumerate(elements)}


def _axis(direction: object) -> NDArray[np.float64] | None:
    if direction is None:
        return None
    if isinstance(direction, str) and direction in _AXES:
        return np.asarray(np.eye(3)[_AXES[direction]])
    try:
        axis = np.asarray(direction, dtype=float)
    except (TypeError, ValueError):
        axis = np.zeros(0)
    if axis.shape != (3,) or not np.all(np.isfinite(axis)) or not np.linalg.norm(axis) > 0:
        raise InputError(f"The direction {direction!r} is unknown.", mend="Use x, y, z or a vector of three numbers.")
    return np.asarray(axis / np.linalg.norm(axis))
