"""Mean-square displacements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ..frames import elements_and_types, frames_of

if TYPE_CHECKING:
    from ase import Atoms


def squared_displacement(first: Atoms, last: Atoms) -> NDArray[np.float64]:
    """Squared distance each atom has moved ``(n_atoms,)`` [Å²].

    Positions must be unwrapped, as in the frames of a run. The motion of the centre of mass and the affine breathing of the
    cell are left out.
    """
    if len(first) != len(last):
        raise InputError("The configurations have different numbers of atoms.")
    start, end = (a.positions @ np.linalg.inv(np.asarray(a.cell)) for a in (first, last))
    moved = (end - start) @ np.asarray(last.cell)
    moved = moved - np.average(moved, axis=0, weights=last.get_masses())
    return np.asarray((moved**2).sum(axis=1))


def mean_square_displacement(frames: Sequence[Atoms]) -> dict[str, Curve]:
    """Mean-square displacement from the first configuration, for each element, against time [fs].

    Time comes from ``info["time"]``, else the number of the configuration is taken. Positions must be unwrapped.
    """
    configurations = frames_of(frames)
    if len(configurations) < 2:
        raise InputError("A displacement needs at least two configurations.", mend="Give the frames of a run.")
    first = configurations[0]
    elements, types = elements_and_types(first)
    rows, times = [], []
    for i, atoms in enumerate(configurations):
        moved = squared_displacement(first, atoms)
        rows.append(np.bincount(types, moved) / np.bincount(types))
        times.append(float(atoms.info.get("time", i)))
    timed = all("time" in a.info for a in (first, configurations[-1]))
    time = np.array(times) - times[0]
    unit = "fs" if timed else "configuration"
    return {e: Curve(time, np.array(rows)[:, k], None, "MSD", unit, "Å²", e, {"origin": "first configuration"}) for k, e in enumerate(elements)}
