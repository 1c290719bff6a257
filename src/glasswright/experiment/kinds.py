"""Kinds of measured curve and their normalisations: one name for each, since the same letter means different things at different instruments.

After D. A. Keen, J. Appl. Cryst. 34, 172 (2001), doi 10.1107/S0021889800019993.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError


@dataclass(frozen=True)
class Kind:
    """What a curve is: every kind is ``factor · excess + offset``, where the excess is S(Q) - 1 in Q and g(r) - 1 in r."""

    name: str
    definition: str
    in_q: bool
    unit: str = ""
    """Of neutrons; X-ray curves of the same name have none."""
    xray: bool = True
    """Whether the name means one thing for X-rays."""
    density: bool = False
    """Whether its normalisation contains the number density ρ."""
    length: bool = False
    """Whether its normalisation contains ⟨b⟩² (neutrons)."""

    @property
    def x_unit(self) -> str:
        return "1/Å" if self.in_q else "Å"

    def y_unit(self, radiation: str) -> str:
        return self.unit if radiation == "neutron" else "1/Å" if self.name == "Q[S(Q)-1]" else "1/Å²" if self.name == "G(r)" else ""


_ALL = (
    Kind("S(Q)", "Faber-Ziman structure factor, 1 at large Q", True),
    Kind("S(Q)-1", "Faber-Ziman structure factor less 1, 0 at large Q", True),
    Kind("i(Q)", "distinct scattering: neutrons ⟨b⟩² [S(Q) - 1] in barn/sr/atom, X-rays S(Q) - 1", True, "barn/sr/atom", length=True),
    Kind("F(Q)", "the same as i(Q), as Keen writes it; not the F(Q) = Q[S(Q) - 1] of PDFgetX and GSAS-II", True, "barn/sr/atom", length=True),
    Kind("Q[S(Q)-1]", "reduced structure function, called F(Q) by PDFgetX, PDFgetN and GSAS-II", True, "1/Å"),
    Kind("g(r)", "pair distribution function, 1 at large r, 0 at small r", False),
    Kind("G(r)", "reduced pair distribution function 4πρr [g(r) - 1] of PDFgetX, PDFgetN and GSAS-II; not the G(r) of RMCProfile", False, "1/Å²", density=True),
    Kind("GK(r)", "Keen's total pair distribution ⟨b⟩² [g(r) - 1] in barn, called G(r) by RMCProfile", False, "barn", xray=False, length=True),
    Kind("D(r)", "differential correlation function 4πρr ⟨b⟩² [g(r) - 1] in barn/Å²", False, "barn/Å²", xray=False, density=True, length=True),
    Kind("T(r)", "total correlation function 4πρr ⟨b⟩² g(r) in barn/Å²", False, "barn/Å²", xray=False, density=True, length=True),
    Kind("RDF(r)", "radial distribution function 4πρr² g(r), atoms per Å", False, "1/Å", density=True),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Kinds of curve a model is compared with, by name."""


def kind_of(name: str) -> Kind:
    """The kind of a name, which may be written with blanks and ⟨⟩."""
    found = KINDS.get("".join(str(name).split()))
    if found is None:
        raise InputError(f"The kind of curve {name!r} is unknown.", mend=f"Use one of {', '.join(KINDS)}.")
    return found


def factor_and_offset(
    name: str, x: NDArray[np.float64], density: float | None = None, squared_length: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What turns the excess, S(Q) - 1 or g(r) - 1, into a curve of a kind: ``y = factor · excess + offset``, each ``(n,)``.

    Parameters
    ----------
    x
        Q [1/Å] or r [Å], positive ``(n,)``.
    density
        Atoms per volume [1/Å³]; only where the kind contains it.
    squared_length
        ⟨b⟩² [barn]; 1 for X-rays.

    Raises
    ------
    InputError
        If the kind needs a density and there is none.
    """
    kind = kind_of(name)
    if kind.density and density is None:
        raise InputError(f"A {name} is normalised by the density, which is missing.", f"It is {kind.definition}.", 'Add density="2.20 g/cm3".')
    one, zero = np.ones_like(x), np.zeros_like(x)
    ideal = 4 * np.pi * (density or 0.0) * x
    table = {
        "S(Q)": (one, one),
        "S(Q)-1": (one, zero),
        "i(Q)": (squared_length * one, zero),
        "F(Q)": (squared_length * one, zero),
        "Q[S(Q)-1]": (x, zero),
        "g(r)": (one, one),
        "G(r)": (ideal, zero),
        "GK(r)": (squared_length * one, zero),
        "D(r)": (squared_length * ideal, zero),
        "T(r)": (squared_length * ideal, squared_length * ideal),
        "RDF(r)": (x * ideal, x * ideal),
    }
    return table[kind.name]
