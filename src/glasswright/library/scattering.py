"""Neutron scattering lengths and X-ray form factors, from the tables kept by periodictable.

Neutrons: coherent bound scattering lengths, after Sears (doi 10.1080/10448639208218770) as compiled there.
X-rays: Waasmaier and Kirfel (doi 10.1107/S0108767394013292), neutral atoms and ions: fits to International Tables C (1992),
tables 6.1.1.1 and 6.1.1.3, O2- among them; O1- to Rez, Rez and Grant, Acta Cryst. A 50, 481 (1994).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Radiation = Literal["neutron", "xray"]
HIGHEST_FORM_FACTOR_Q = 24 * np.pi
"""sin θ/λ = 6 1/Å, where the fit of Waasmaier and Kirfel ends [1/Å]."""
_ION = re.compile(r"^([A-Z][a-z]?)(\d*)([+-]?)$", re.ASCII)
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


def xray_form_factor(name: str, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Form factor f(Q) [electrons] of a neutral atom (``"Si"``) or an ion (``"Si4+"``, ``"O2-"``), Q in 1/Å ``(n,)`` up to 75.

    Raises
    ------
    InputError
        If the atom or ion is not in the table, or Q is beyond it; the ions of the element that are there are named.
    """
    from periodictable.cromermann import fxrayatq, getCMformula

    found = _ION.match(name)
    try:
        if not found:
            raise KeyError(name)
        symbol = f"{found[1]}{found[2] or 1}{found[3]}" if found[3] else name
        getCMformula(symbol)
    except (KeyError, AttributeError):
        known = ", ".join(_ions(found[1])) if found else ""
        mend = f"There are {known}." if known else "Write an element or an ion, like Si or Si4+."
        raise InputError(f"No X-ray form factor is known for {name!r}.", mend=mend) from None
    q = np.asarray(q, dtype=float)
    if q.size and not q.max() <= HIGHEST_FORM_FACTOR_Q:
        raise InputError(f"X-ray form factors are tabulated to Q = {HIGHEST_FORM_FACTOR_Q:.0f} 1/Å.", mend="Ask for a smaller Q range.")
    return np.asarray(fxrayatq(symbol, q), dtype=float)


def _ions(element: str) -> list[str]:
    """Species of an element whose form factor is tabulated, the neutral atom first."""
    from periodictable import cromermann

    cromermann.getCMformula("H")  # fills the table
    return [s for s in cromermann._cmformulas if re.fullmatch(rf"{element}(\d+[+-])?", s)]


def mean_squared_length(fractions: Mapping[str, float], isotopes: Mapping[str, str] | None = None) -> float:
    """⟨b⟩² [barn] of a mixture given as element → atom fraction."""
    b = sum(c * neutron_length((isotopes or {}).get(e, e)) for e, c in fractions.items())
    return b * b / 100


def amplitudes(
    elements: Iterable[str],
    radiation: Radiation,
    q: NDArray[np.float64],
    isotopes: Mapping[str, str] | None = None,
    form_factors: Mapping[str, str] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """What one atom of each element scatters ``(n_q,)``: b of neutrons [fm], f(Q) of X-rays [electrons].

    Parameters
    ----------
    isotopes
        Element → isotope, such as ``{"Ge": "73Ge"}``; neutrons only.
    form_factors
        Element → ion, such as ``{"Si": "Si4+", "O": "O2-"}``; X-rays only. None: neutral atoms.
    """
    elements = list(elements)
    if radiation not in ("neutron", "xray"):
        raise InputError(f"The radiation {radiation!r} is unknown.", mend="Use neutron or xray.")
    if form_factors and radiation == "neutron":
        raise InputError("Form factors of ions were given for neutrons.", "Neutrons scatter from nuclei.", 'Use isotopes=..., or radiation="xray".')
    for element, name in [*(isotopes or {}).items(), *(form_factors or {}).items()]:
        if element not in elements:
            raise InputError(f"There is no {element} in this sample, which holds {', '.join(elements)}.", mend=f"Leave {name!r} out.")
        if name.strip("0123456789+-") != element:
            raise InputError(f"{name!r} is no {element}.", mend="Name an isotope or ion of the same element.")
    if radiation == "neutron":
        return {e: np.full(q.shape, neutron_length((isotopes or {}).get(e, e))) for e in elements}
    return {e: xray_form_factor((form_factors or {}).get(e, e), q) for e in elements}


def weights(
    fractions: Mapping[str, float],
    radiation: Radiation,
    q: NDArray[np.float64],
    isotopes: Mapping[str, str] | None = None,
    form_factors: Mapping[str, str] | None = None,
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Faber-Ziman weights w_ab(Q) = c_a c_b f_a f_b (2 - δ_ab) / ⟨f⟩² ``(n_q,)``, keys alphabetical; they sum to 1.

    ``fractions`` are element → atom fraction; isotopes and form factors as for ``amplitudes``.
    """
    f = amplitudes(fractions, radiation, q, isotopes, form_factors)
    mean = sum((fractions[e] * f[e] for e in fractions), np.zeros(q.shape))
    if np.any(np.abs(mean) < 1e-9):
        raise InputError("The mean scattering length of this mixture is zero.", "Faber-Ziman weights divide by its square.")
    return {(a, b): (1 if a == b else 2) * fractions[a] * fractions[b] * f[a] * f[b] / mean**2 for a, b in combinations_with_replacement(sorted(fractions), 2)}
