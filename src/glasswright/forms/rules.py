"""Parameters that follow from the composition, resolved when a force field is bound to atoms."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InputError
from ..forcefield import ParameterRule

_SINGLY, _DOUBLY = ("Li", "Na", "K"), ("Mg", "Ca", "Sr", "Ba", "Fe2")


def four_coordinated_boron(silica_ratio: float, modifier_ratio: float) -> float:
    """Fraction of four-coordinated boron by the model of Dell, Bray and Xiao (J. Non-Cryst. Solids 58, 1, 1983).

    It grows as R up to R_max = 1/2 + K/16, stays until R_d1 = 1/2 + K/4, and falls linearly to zero at R_d3 = 2 + K.

    Parameters
    ----------
    silica_ratio
        K = SiO2 / B2O3 in moles, at most 8.
    modifier_ratio
        R = modifier oxide / B2O3 in moles.

    Raises
    ------
    InputError
        If K is beyond 8, where the model ends.
    """
    if silica_ratio > 8:
        raise InputError(
            f"The boron parameters of this force field are defined up to SiO2/B2O3 = 8, and here it is {silica_ratio:.3g}.",
            "They follow the Dell-Bray-Xiao model of four-coordinated boron, which ends there.",
            "Choose another force field (shik), or more B2O3.",
        )
    r_max, r_d1, r_d3 = 0.5 + silica_ratio / 16, 0.5 + silica_ratio / 4, 2 + silica_ratio
    if modifier_ratio < r_max:
        return modifier_ratio
    if modifier_ratio < r_d1:
        return r_max
    return r_max * max(0.0, (r_d3 - modifier_ratio) / (r_d3 - r_d1))


def deng_du_amplitude(silica_ratio: float, modifier_ratio: float) -> float:
    """Amplitude A [eV] of the B-O term of Deng and Du (doi 10.1111/jace.16082, with the erratum doi 10.1111/jace.16897)."""
    k, r, n4 = silica_ratio, modifier_ratio, four_coordinated_boron(silica_ratio, modifier_ratio)
    r_max = 0.5 + k / 16
    low, high, per_n4, per_k2 = 11900.0, 12525.0, 4350.0, 85.0
    if r > r_max:
        t3 = (low + per_k2 * k**2 - high) / r_max + per_n4
        return high + t3 * n4 * r_max / r
    return low + per_n4 * (r_max - (r_max - n4) ** 2 / r_max) + per_k2 * k**2


def _deng_du_boron(parameters: Mapping[str, float], counts: Mapping[str, int]) -> dict[str, float]:
    boron_oxide = counts["B"] / 2
    modifiers = sum(counts.get(s, 0) for s in _SINGLY) / 2 + sum(counts.get(s, 0) for s in _DOUBLY) - counts.get("Al", 0) / 2
    return {**parameters, "A": deng_du_amplitude(counts.get("Si", 0) / boron_oxide, max(modifiers, 0.0) / boron_oxide)}


RULES: dict[str, ParameterRule] = {"deng-du-boron": ParameterRule("deng-du-boron", _deng_du_boron)}
"""Every rule by the name that force-field files use."""
