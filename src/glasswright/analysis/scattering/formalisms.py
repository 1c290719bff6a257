"""The three conventions for partial structure factors, and the exact relations between them.

=====================  ==============================================================================================================
``faber-ziman``        S_ab, 1 at large Q; total = Σ w_ab (S_ab - 1) + 1
``ashcroft-langreth``  δ_ab + sqrt(c_a c_b) (S_ab - 1): δ_ab at large Q (doi 10.1103/PhysRev.156.685)
``bhatia-thornton``    two elements only: number-number S_NN → 1, number-concentration S_NC → 0, concentration-concentration
                       S_CC → c₁c₂ at large Q (doi 10.1103/PhysRevB.2.3004); element 1 is the first by alphabet
=====================  ==============================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..frames import Pair, pairs_of

Formalism = Literal["faber-ziman", "ashcroft-langreth", "bhatia-thornton"]
NUMBER_CONCENTRATION: tuple[Pair, ...] = (("N", "N"), ("N", "C"), ("C", "C"))
"""Keys of the Bhatia-Thornton partials: number and concentration, not nitrogen and carbon."""
_LIMITS = {"faber-ziman": "1 at large Q", "ashcroft-langreth": "δ_ab at large Q", "bhatia-thornton": "1, 0 and c₁c₂ at large Q"}


def convert_partials(
    partials: Mapping[Pair, NDArray[np.float64]], fractions: Mapping[str, float], source: Formalism, target: Formalism
) -> dict[Pair, NDArray[np.float64]]:
    """Partial structure factors of one convention in another.

    Parameters
    ----------
    partials
        Pair of elements, alphabetical (Bhatia-Thornton: ``("N", "N"), ("N", "C"), ("C", "C")``) → values of any shape.
    fractions
        Element → atom fraction.

    Raises
    ------
    InputError
        If a convention is unknown, a pair is missing, or Bhatia-Thornton is asked for anything but two elements.
    """
    for name in (source, target):
        _check(name, fractions)
    wanted = NUMBER_CONCENTRATION if source == "bhatia-thornton" else tuple(pairs_of(list(fractions)))
    if set(partials) != set(wanted):
        have, want = (", ".join("-".join(p) for p in pairs) for pairs in (partials, wanted))
        raise InputError(f"The {source} partials of this composition are {want}, not {have}.", mend="Give every pair once, elements alphabetical.")
    return _from_faber_ziman(_to_faber_ziman(partials, fractions, source), fractions, target)


def normalisation(formalism: str) -> dict[str, object]:
    """What the metadata of a curve say about its convention."""
    return {"formalism": formalism, "normalisation": f"{formalism.title()}, {_LIMITS[formalism]}"}


def _check(name: str, fractions: Mapping[str, float]) -> None:
    if name not in _LIMITS:
        raise InputError(f"The formalism {name!r} is unknown.", mend=f"Use {', '.join(_LIMITS)}.")
    if name == "bhatia-thornton" and len(fractions) != 2:
        raise InputError(
            f"Bhatia-Thornton structure factors are defined for two elements, not for {', '.join(fractions)}.",
            "With more there is no one concentration that fluctuates.",
            "Use faber-ziman or ashcroft-langreth.",
        )


def _to_faber_ziman(partials: Mapping[Pair, NDArray[np.float64]], fractions: Mapping[str, float], source: str) -> dict[Pair, NDArray[np.float64]]:
    if source == "faber-ziman":
        return dict(partials)
    if source == "ashcroft-langreth":
        return {(a, b): 1 + (s - (a == b)) / np.sqrt(fractions[a] * fractions[b]) for (a, b), s in partials.items()}
    (a, x), (b, y) = sorted(fractions.items())
    nn, nc, cc = (partials[pair] for pair in NUMBER_CONCENTRATION)
    excess = cc / (x * y) - 1  # c₁c₂ (S₁₁ + S₂₂ - 2 S₁₂)
    return {(a, a): nn + 2 * nc / x + y / x * excess, (a, b): nn + nc * (1 / x - 1 / y) - excess, (b, b): nn - 2 * nc / y + x / y * excess}


def _from_faber_ziman(partials: Mapping[Pair, NDArray[np.float64]], fractions: Mapping[str, float], target: str) -> dict[Pair, NDArray[np.float64]]:
    if target == "faber-ziman":
        return dict(partials)
    if target == "ashcroft-langreth":
        return {(a, b): (a == b) + np.sqrt(fractions[a] * fractions[b]) * (s - 1) for (a, b), s in partials.items()}
    (a, x), (b, y) = sorted(fractions.items())
    aa, ab, bb = partials[a, a], partials[a, b], partials[b, b]
    number = x * x * aa + y * y * bb + 2 * x * y * ab
    mixed = x * y * (x * (aa - ab) - y * (bb - ab))
    concentration = x * y * (1 + x * y * (aa + bb - 2 * ab))
    return dict(zip(NUMBER_CONCENTRATION, (number, mixed, concentration), strict=True))
