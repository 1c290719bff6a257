"""Simulated numbers beside measured ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..analysis.findings import Findings, Number
from ..composition import Composition
from ..errors import InputError
from ..library.density import choose_density
from ..library.measurements import Fact, facts, measured_qn


@dataclass(frozen=True)
class SummaryRow:
    """One line of the table simulated / measured / source."""

    quantity: str
    simulated: Number
    measured: float | None = None
    measured_low: float | None = None
    measured_high: float | None = None
    source: str = ""
    note: str = ""


def summary_rows(found: Findings, known: Mapping[str, Fact], spread_over: str) -> list[SummaryRow]:
    """Every number that was found, with what is known about it."""
    rows = []
    for quantity, number in found.numbers.items():
        spread = f"spread over {spread_over}" if number.spread is not None else ""
        fact = known.get(quantity)
        if fact is None:
            rows.append(SummaryRow(quantity, number, note=spread))
        else:
            note = "; ".join(part for part in (fact.note, spread) if part)
            rows.append(SummaryRow(quantity, number, fact.value, fact.low, fact.high, fact.source, note))
    return rows


def beside_measured(found: Findings, composition: Composition, absent: list[str]) -> Findings:
    """The populations with what was measured, or must be by stoichiometry: Qn of silicon, species of oxygen.

    A file of the user's that cannot be used is named in ``absent``.
    """
    populations = dict(found.populations)
    if "qn_Si" in populations:
        try:
            known = measured_qn(composition)
            measured = {} if isinstance(known, str) else {str(n): fraction for n, fraction in known.fractions.items()}
            populations["qn_Si"] = replace(populations["qn_Si"], measured=measured, source=known if isinstance(known, str) else known.source)
        except InputError as error:  # no reason to refuse the analysis
            populations["qn_Si"] = replace(populations["qn_Si"], source=str(error))
            absent.append(str(error))
    if "oxygen" in populations and (nbo := composition.nbo_per_oxygen) is not None:
        populations["oxygen"] = replace(populations["oxygen"], measured={"bridging": 1 - nbo, "non-bridging": nbo}, source=STOICHIOMETRY)
    return replace(found, populations=populations)


STOICHIOMETRY = "stoichiometry (every oxygen bonded to one or two network formers)"


def known_facts(composition: Composition) -> dict[str, Fact]:
    """What the library knows about a glass, by the names of the summary."""
    known = facts(composition)
    try:
        choice = choose_density(composition)
    except InputError:  # an element the library has no volume of
        choice = None
    if choice is not None and choice.kind == "measured":
        known["density"] = Fact("density", choice.value, choice.source, "READ", "g/cm3")
    if composition.nbo_per_oxygen is not None:
        known["non-bridging oxygen fraction"] = Fact("", composition.nbo_per_oxygen, STOICHIOMETRY, "EXPECTED")
    if composition.mean_qn is not None:
        known["mean Qn"] = Fact("", composition.mean_qn, STOICHIOMETRY, "EXPECTED")
    return known
