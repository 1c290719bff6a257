"""Neutron scattering lengths and X-ray form factors, from the tables kept by periodictable.

Neutrons: coherent bound scattering lengths, after Sears (doi 10.1080/10448639208218770) as compiled there.
X-rays: Waasmaier and Kirfel (doi 10.1107/S0108767394013292), neutral atoms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Radiation = Literal["neutron", "xray"]
_ISOTOPE = re.compile(r"^(\d*)([A-Z][a-z]?)$", re.ASCII)


@lru_cache(maxsize=512)
def neutron_length(name: str) -> float:
    """Coherent bound scattering length [fm] of an element (``"Ge"``) or isotope (``"73Ge"``).

    Raises
    ------
    InputError
        If there is no such element or isotope, or none of its scattering lengths is tabulated.
    """
    found = _ISOTOPE.match(name)
    try:
        import periodictable

        if not found:
            raise KeyError(name)
        entry: Any = getattr(periodictable, found[2])
        if found[1]:
            entry = entry[int(found[1])]
        length = float(np.real(entry.neutron.b_c))
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"No neutron scattering length is known for {name!r}.", mend="Write an element or an isotope, like Ge or 73Ge.") from None
    return length


def xray_form_factor(element: str, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Form factor f(Q) of the neutral atom [electrons], Q in 1/Å ``(n,)``."""
    from periodictable.cromermann import fxrayatq

    try:
        return np.asarray(fxrayatq(element, np.asarray(q, dtype=float)), dtype=float)
    except (KeyError, AttributeError):
        raise InputError(f"No X-ray form factor is known for {element!r}.") from None


def mean_squared_length(fractions: Mapping[str, float], isotopes: Mapping[str, str] | None = None) -> float:
    """⟨b⟩² [barn] of a mixture given as element → atom fraction."""
    b = sum(c * neutron_length((isotopes or {}).get(e, e)) for e, c in fractions.items())
    return b * b / 100


def weights(
    fractions: Mapping[str, float], radiation: Radiation, q: NDArray[np.float64], isotopes: Mapping[str, str] | None = None
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Faber-Ziman weights w_ab(Q) = c_a c_b f_a f_b (2 - δ_ab) / ⟨f⟩² ``(n_q,)``, keys alphabetical; they sum to 1.

    Parameters
    ----------
    fractions
        Element → atom fraction.
    isotopes
        Element → isotope, such as ``{"Ge": "73Ge"}``; neutrons only.
    """
    if radiation == "neutron":
        f = {e: np.full(q.shape, neutron_length((isotopes or {}).get(e, e))) for e in fractions}
    elif radiation == "xray":
        f = {e: xray_form_factor(e, q) for e in fractions}
    else:
        raise InputError(f"The radiation {radiation!r} is unknown.", mend="Use neutron or xray.")
    mean = sum((fractions[e] * f[e] for e in fractions), np.zeros(q.shape))
    if np.any(np.abs(mean) < 1e-9):
        raise InputError("The mean scattering length of this mixture is zero.", "Faber-Ziman weights divide by its square.")
    return {(a, b): (1 if a == b else 2) * fractions[a] * fractions[b] * f[a] * f[b] / mean**2 for a, b in combinations_with_replacement(sorted(fractions), 2)}
