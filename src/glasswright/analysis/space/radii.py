"""Radii at which atoms touch, as measured in the structure itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..frames import elements_and_types, fractions_of, frames_of
from ..pairs.cutoffs import ANIONS, first_shells

if TYPE_CHECKING:
    from ase import Atoms


def contact_radii(source: Atoms | Sequence[Atoms]) -> dict[str, float]:
    """Element → radius [Å]: an anion's is half the first peak of its own g(r), a cation's what is left of its distance to the commonest anion.

    Of silica this gives the 1.3 and 0.3 Å that persistent homology of glasses starts from (Hiraoka et al., doi 10.1073/pnas.1520877113).
    Without an anion: covalent radii (Cordero et al., doi 10.1039/b801115j).
    """
    from ase.data import atomic_numbers, covalent_radii

    frames = frames_of(source)
    elements, _ = elements_and_types(frames[0])
    anions = [e for e in elements if e in ANIONS]
    if not anions or len(anions) == len(elements):
        return {e: float(covalent_radii[atomic_numbers[e]]) for e in elements}
    peaks = {pair: peak for pair, (peak, _) in first_shells(frames).items()}
    share = fractions_of(frames[0])
    first = max(anions, key=lambda e: share[e])
    radii = {a: 0.5 * peaks[a, a] for a in anions}
    return {e: radii.get(e, max(peaks[min(e, first), max(e, first)] - radii[first], 0.0)) for e in elements}
