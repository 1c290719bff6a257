"""Experiment: a measured curve and everything needed to compare a model with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from ..composition import Composition
from ..curve import Curve
from ..errors import InputError
from ..units import U_PER_A3, parse
from .formats import FORMATS, Format, read_columns, read_table
from .kinds import KINDS, Kind, factor_and_offset, kind_of
from .reading import Sought, measured_curve

__all__ = ["FORMATS", "KINDS", "Experiment", "Kind", "atoms_per_volume", "factor_and_offset", "kind_of", "read_columns", "read_table"]

WINDOWS = ("none", "lorch", "revised-lorch", "welch")
Window = Literal["none", "lorch", "revised-lorch", "welch"]


@dataclass(frozen=True, eq=False)
class Experiment:
    """A measured curve with radiation, sample, range, window, resolution and source."""

    curve: Curve
    radiation: Literal["neutron", "xray"]
    composition: Composition
    density: float | None = None
    """[g/cm³], with the natural isotopes of the elements; None: that of the model it is compared with."""
    q_range: tuple[float, float] | None = None
    """Part of Q that was measured [1/Å]: limits the comparison in Q, and the transform of the model for curves in r."""
    window: Window = "none"
    """Window of the transform that made a curve in r."""
    resolution: float | None = None
    """Standard deviation of the instrument's Gaussian resolution [1/Å], the same at every Q (``qdamp``); None: not applied."""
    isotopes: Mapping[str, str] = field(default_factory=dict)
    """Element → isotope, such as ``{"Ge": "73Ge"}``."""
    name: str = ""
    source: str = ""
    relative_resolution: float | None = None
    """Standard deviation of the resolution in proportion to Q, ΔQ/Q; adds in squares to ``resolution``. None: not applied."""
    divisor: Literal["<f>2", "<f2>"] = "<f>2"
    """What the scattering of X-rays was divided by: ⟨f⟩² (Faber-Ziman) or ⟨f²⟩."""
    form_factors: Mapping[str, str] = field(default_factory=dict)
    """Element → ion, such as ``{"Si": "Si4+", "O": "O2-"}``; X-rays only. Empty: neutral atoms."""
    counted: bool = False
    """A curve in r whose distances were counted in a simulation, not transformed from S(Q): no Q range, no window, no resolution."""

    def __post_init__(self) -> None:
        kind = kind_of(self.curve.kind)
        if self.radiation not in ("neutron", "xray"):
            raise InputError(f"The radiation {self.radiation!r} is unknown.", mend="Use neutron or xray.")
        if self.window not in WINDOWS:
            raise InputError(f"The window {self.window!r} is unknown.", mend=f"Use {', '.join(WINDOWS)}.")
        if self.radiation == "xray" and not kind.xray:
            raise InputError(f"An X-ray {kind.name} is not supported.", "Its normalisation differs between instruments.", "Compare S(Q), G(r) or g(r).")
        for name in ("resolution", "relative_resolution"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, Real) and 0 < float(value) < np.inf):
                mend = "Give a standard deviation in 1/Å, or leave it out." if name == "resolution" else "Give ΔQ/Q as a standard deviation, such as 0.02."
                raise InputError(f"{name} = {value!r} is not possible.", mend=mend)
        if self.relative_resolution is not None and self.relative_resolution >= 1:
            raise InputError(f"relative_resolution = {self.relative_resolution!r} is not possible.", "It is ΔQ/Q.", "Give a fraction, such as 0.02.")
        if self.density is not None and not 0 < self.density < np.inf:
            raise InputError(f"density = {self.density!r} is not possible.", mend="Give the density of the sample in g/cm³, or leave it out.")
        if self.q_range is not None:
            object.__setattr__(self, "q_range", checked_range(self.q_range))
        if not isinstance(self.counted, bool):
            raise InputError(f"counted = {self.counted!r} is not possible.", mend="Say true or false.")
        if self.counted and (kind.in_q or self.radiation == "xray" or self.q_range or self.window != "none" or self.resolution or self.relative_resolution):
            what = f"counted = True does not fit this {self.radiation} {kind.name}."
            raise InputError(what, "It says that distances were counted with constant weights, without any instrument.", "Leave counted out.")
        if self.divisor not in ("<f>2", "<f2>") or (self.radiation == "neutron" and self.divisor != "<f>2"):
            raise InputError(f"The divisor {self.divisor!r} is not possible for {self.radiation}s.", mend='Use "<f>2", or "<f2>" for X-rays.')
        if self.form_factors and self.radiation == "neutron":
            raise InputError("Form factors are given for neutrons.", "Neutrons scatter from nuclei.", 'Leave them out, or say radiation="xray".')
        _check_isotopes(self.isotopes, self.composition, self.radiation)
        for name in ("isotopes", "form_factors"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def kind(self) -> Kind:
        """What the curve is, and its normalisation."""
        return kind_of(self.curve.kind)

    @property
    def in_q(self) -> bool:
        """Whether the curve is a function of Q, not of r."""
        return self.kind.in_q

    @property
    def doubts(self) -> tuple[str, ...]:
        """What looks odd about the data, in sentences; empty where nothing does."""
        found = self.curve.metadata.get("doubts", ())
        return tuple(str(d) for d in found) if isinstance(found, list | tuple) else ()

    @property
    def number_density(self) -> float | None:
        """Atoms of the sample per volume [1/Å³]; None where its density is not given."""
        return None if self.density is None else atoms_per_volume(self.composition, self.density)

    @classmethod
    def from_file(  # noqa: PLR0913 (a public call)
        cls,
        path: str | Path,
        kind: str | None = None,
        radiation: Literal["neutron", "xray"] | None = None,
        composition: str | Composition = "",
        density: float | str | None = None,
        q_range: tuple[float, float] | None = None,
        window: Window = "none",
        resolution: float | None = None,
        isotopes: Mapping[str, str] | None = None,
        source: str = "",
        *,
        format: Format = "auto",
        dataset: int | str | None = None,
        q_unit: str = "1/Å",
        relative_resolution: float | None = None,
        divisor: Literal["<f>2", "<f2>"] = "<f>2",
        form_factors: Mapping[str, str] | None = None,
        counted: bool = False,
    ) -> Experiment:
        """Read a measured curve: text columns, Gudrun, EPSR, RMCProfile, PDFgetX/N and GSAS-II.

        Lines before the first row of numbers are a header; ``#`` starts a comment. Columns are separated by blanks, commas or semicolons.
        Whatever was concluded from the file stands in ``curve.metadata["concluded"]``, what looks odd in ``doubts``.

        Parameters
        ----------
        path
            The file.
        kind
            Which normalisation: a name of ``KINDS``, such as ``"i(Q)"`` or ``"G(r)"``. May be left out only where the file defines it.
        radiation
            ``"neutron"`` or ``"xray"``; None: what the file says, else neutron.
        composition
            Of the sample: ``"SiO2"``; may be left out where the file holds it.
        density
            [g/cm³] or text with a unit.
        q_range
            (lowest, highest) Q that holds data [1/Å]; rows outside are dropped. For curves in r, the limits of their transform; None: what the file says.
        format
            A name of ``FORMATS``; ``auto``: by content.
        dataset
            Which data set of a file with several: its number, from 1, or its name.
        divisor, form_factors
            Of X-rays: ``"<f>2"`` or ``"<f2>"``, and ions instead of neutral atoms.
        q_unit
            ``1/Å`` or ``1/nm``: of Q in the file; for a curve in r, ``1/nm`` means that r is in nm.
        resolution, relative_resolution
            Standard deviation of the instrument's resolution: [1/Å], and in proportion to Q. For curves in r None means the file's ``qdamp``.
        counted
            The distances of a curve in r were counted in a simulation: a known target.

        Raises
        ------
        InputError
            If the file is no such text or cut short, a number is not finite, Q is negative or not increasing, nothing is left, the kind is
            not known, or what was asked contradicts the file.
        """
        q_range = None if q_range is None else checked_range(q_range)
        found = measured_curve(
            Path(path), read_table(Path(path), format, dataset), Sought(kind, radiation, str(composition or ""), q_range, q_unit, resolution)
        )
        if not (composition or found.composition):
            raise InputError("The composition of the sample is missing.", mend='Add composition="SiO2".')
        value = None if density is None else parse(density, "density", "density")
        curve = Curve(found.x, found.y, found.sigma, found.kind, kind_of(found.kind).x_unit, kind_of(found.kind).y_unit(found.radiation))
        about = {"normalisation": kind_of(found.kind).definition, "source": source, **found.about}
        curve = Curve(curve.x, curve.y, curve.sigma, curve.kind, curve.x_unit, curve.y_unit, f"{Path(path).stem}, {found.radiation}", about)
        sample = Composition(composition or found.composition)
        extra = (isotopes or {}, Path(path).stem, source, relative_resolution, divisor, form_factors or {}, counted)
        return cls(curve, found.radiation, sample, value, found.q_range, window, found.resolution, *extra)


def atoms_per_volume(composition: Composition, density: float) -> float:
    """[1/Å³] of a sample of ``density`` [g/cm³], with the natural isotopes."""
    from ase.data import atomic_masses, atomic_numbers

    if not 0 < density < np.inf:
        raise InputError(f"density = {density!r} is not possible.", mend="Give the density of the sample in g/cm³.")
    return density / (U_PER_A3 * sum(x * float(atomic_masses[atomic_numbers[e]]) for e, x in composition.atom_fractions.items()))


def checked_range(q_range: object) -> tuple[float, float]:
    """(lowest, highest) Q as two numbers."""
    try:
        low, high = (float(q) for q in q_range)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        low = high = np.nan
    if not 0 <= low < high < np.inf:
        raise InputError(f"q_range = {q_range!r} is not possible.", mend="Give (lowest, highest) in 1/Å.")
    return low, high


def _check_isotopes(isotopes: Mapping[str, str], composition: Composition, radiation: str) -> None:
    if isotopes and radiation == "xray":
        raise InputError(
            f"Isotopes ({', '.join(map(str, isotopes.values()))}) are given for X-rays.",
            "X-rays see electrons only.",
            'Leave isotopes out, or say radiation="neutron".',
        )
    for element, isotope in isotopes.items():
        if element not in composition.atom_fractions:
            raise InputError(f"An isotope of {element} is given, but {composition} holds none.", mend="Write element and isotope, like {'Ge': '73Ge'}.")
        if str(isotope).lstrip("0123456789") != element:
            raise InputError(f"{isotope!r} is no isotope of {element}.", mend=f"Write mass number and element, like '{_known_isotopes(element)[0]}'.")
        if isotope not in (element, *_known_isotopes(element)):
            raise InputError(f"No neutron scattering length is known for {isotope!r}.", mend=f"There are {', '.join(_known_isotopes(element))}.")


def _known_isotopes(element: str) -> list[str]:
    """Isotopes of an element whose scattering length is tabulated."""
    import periodictable

    entry = periodictable.elements.symbol(element)
    return [f"{number}{element}" for number in entry.isotopes if entry[number].neutron.b_c is not None] or [element]
