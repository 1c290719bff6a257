"""Simulated numbers beside measured ones."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.findings import Number
from ..analysis.survey import Survey
from ..composition import Composition
from ..errors import InputError
from ..library.density import choose_density
from ..library.measurements import Fact, MeasuredQn, facts


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


def summary_rows(found: Survey, composition: Composition | None, spread_over: str) -> list[SummaryRow]:
    """Every number of a survey with what the library knows about it."""
    known = {} if composition is None else _known(composition)
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


def qn_rows(found: Survey, measured: MeasuredQn | str) -> list[dict[str, object]]:
    """Rows of tables/qn.csv; measured populations are those of silicon, or why there are none."""
    rows: list[dict[str, object]] = []
    for (species, n), number in found.qn.items():
        known = measured if isinstance(measured, MeasuredQn) and species == "Si" else None
        value = None if known is None else known.fractions.get(n)
        source = measured if isinstance(measured, str) else "" if known is None else known.source
        rows.append({"species": species, "n": n, "fraction": number.value, "spread": number.spread, "measured": value, "source": source})
    return rows


def oxygen_rows(found: Survey, composition: Composition | None) -> list[dict[str, object]]:
    """Rows of tables/oxygen.csv, with the non-bridging fraction that stoichiometry asks for."""
    expected = None if composition is None else composition.nbo_per_oxygen
    stoichiometric = {} if expected is None else {"non-bridging": expected, "bridging": 1 - expected}
    return [
        {"oxygen": name, "fraction": number.value, "spread": number.spread, "stoichiometry": stoichiometric.get(name)} for name, number in found.oxygen.items()
    ]


def _known(composition: Composition) -> dict[str, Fact]:
    known = facts(composition)
    try:
        choice = choose_density(composition)
    except InputError:  # an element the library has no volume of
        choice = None
    if choice is not None and choice.kind == "measured":
        known["density"] = Fact("density", choice.value, choice.source, "READ", "g/cm3")
    stoichiometry = "stoichiometry (every oxygen bonded to one or two network formers)"
    if composition.nbo_per_oxygen is not None:
        known["non-bridging oxygen fraction"] = Fact("", composition.nbo_per_oxygen, stoichiometry, "EXPECTED")
    if composition.mean_qn is not None:
        known["mean Qn"] = Fact("", composition.mean_qn, stoichiometry, "EXPECTED")
    return known
