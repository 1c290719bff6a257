"""Persistent homology of a filtered complex, from the compiled core."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .builds import core


def persistence_pairs(dimensions: ArrayLike, offsets: ArrayLike, faces: ArrayLike) -> NDArray[np.int64]:
    """Which cell of a filtered complex ends the class that another begins (coefficients in Z/2).

    Parameters
    ----------
    dimensions
        0 to 3 of every cell ``(n,)``, in the order in which the cells enter.
    offsets
        Where the faces of each cell begin ``(n + 1,)``.
    faces
        Cells, each earlier than the one it bounds and of one dimension less; a face given twice cancels, as where a cell meets its own periodic image.

    Returns
    -------
    Partner of every cell ``(n,)``; -1 where a cell begins a class that never ends.
    """
    arrays = [np.ascontiguousarray(a, dtype=np.int64) for a in (dimensions, offsets, faces)]
    try:
        partners: NDArray[np.int64] = core().persistence_pairs(*arrays)
        return partners
    except (ValueError, TypeError) as error:
        raise InputError(f"This is no filtered complex: {error}.") from None
