"""Whatever is typed: a neutral composition that round-trips, or a clear refusal."""

from __future__ import annotations

import string
import time

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glasswright.composition import OXIDATION_STATES, Composition
from glasswright.errors import InputError

OXIDES = ["Li2O", "Na2O", "K2O", "MgO", "CaO", "BaO", "Al2O3", "B2O3", "Fe2O3", "FeO", "TiO2", "ZrO2", "SiO2", "GeO2", "P2O5"]
amounts = st.dictionaries(st.sampled_from(OXIDES), st.floats(0.01, 100, allow_nan=False), min_size=1, max_size=6)
glasses = amounts.map(lambda content: {**content, "SiO2": content.get("SiO2", 10.0)}).map(
    lambda content: {name: 100 * amount / sum(content.values()) for name, amount in content.items()}
)
fragments = st.sampled_from(
    [
        *OXIDES,
        *[
            "Ge20Se80",
            "Na20",
            "NaO2",
            "SiO3",
            "sio2",
            "30",
            "70",
            "0.3",
            ".5",
            "1e5",
            "0",
            "9999999999999",
            "%",
            "mol%",
            "wt%",
            "at%",
            "-",
            "--",
            "+",
            ",",
            "(",
            ")",
            "₂",
            "·",
            "−",
            "é",
            "O",
            "Si",
            "Fe3O4",
            "Xx",
        ],
        " ",
        "\n",
        "\x00",
    ]
)
text = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=string.ascii_letters + string.digits + "-+.,;() %", max_size=60),
    st.lists(fragments, max_size=12).map("".join),
    st.lists(fragments, max_size=12).map(" ".join),
)


def _charge(species):
    elements = {label: label.rstrip("0123456789") for label in species}
    return sum(
        n * (int(label[len(elements[label]) :]) if label != elements[label] else -2 if label == "O" else OXIDATION_STATES[label][0])
        for label, n in species.items()
    )


@settings(max_examples=2000, deadline=None)
@given(text)
def test_text_is_a_composition_or_refused(spec):
    start = time.perf_counter()
    try:
        glass = Composition(spec)
    except InputError as error:
        refusal = error
    else:
        assert Composition(glass.formula) == glass
        refusal = None
    assert refusal is None or refusal.what
    assert time.perf_counter() - start < 2.0


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.dictionaries(
            st.one_of(fragments, st.text(max_size=10), st.integers()), st.one_of(st.floats(), st.integers(), st.text(max_size=5), st.none()), max_size=6
        ),
        st.none(),
        st.integers(),
        st.lists(fragments, max_size=3),
    ),
    st.one_of(st.none(), st.sampled_from(["mol%", "wt%", "at%"]), st.text(max_size=5)),
)
def test_any_object_is_a_composition_or_refused(spec, basis):
    try:
        glass = Composition(spec, basis)
    except InputError as error:
        refusal = error
    else:
        assert Composition(glass.formula) == glass
        return
    assert refusal.what


@given(glasses, st.sampled_from(["mol%", "wt%"]))
def test_formula_round_trips_and_fractions_add_up(content, basis):
    glass = Composition(content, basis)
    assert Composition(glass.formula) == glass
    assert abs(sum(glass.oxides.values()) - 1) < 1e-12
    assert abs(sum(glass.atom_fractions.values()) - 1) < 1e-12
    if glass.nbo_per_oxygen is not None:
        assert 0 <= glass.nbo_per_oxygen <= 1
        assert 0 <= glass.mean_qn <= 4


@given(glasses, st.integers(1, 200_000))
def test_counts_are_neutral_for_any_size(content, n_atoms):
    try:
        counts = Composition(content).counts(n_atoms)
    except InputError:
        assume(False)
    assert min(counts.counts.values()) > 0
    assert abs(counts.n_atoms - n_atoms) <= max(0.005 * n_atoms, 7)
    assert sum(counts.species.values()) == counts.n_atoms
    assert _charge(counts.species) == 0


@given(glasses, st.integers(30, 3000))
def test_deviation_shrinks_with_the_box(content, n_atoms):
    glass = Composition(content)
    try:
        small = glass.counts(n_atoms)
    except InputError:
        assume(False)
    # Rounding each of m oxides moves its fraction by at most one unit in the total.
    units = n_atoms / 7 - 1
    assert small.deviation <= 1 / units + 1e-4
    assert glass.counts(100 * n_atoms).deviation <= max(small.deviation, 2e-4, 7 / (100 * n_atoms))


@given(glasses)
def test_the_size_named_in_a_refusal_works(content):
    glass = Composition(content)
    try:
        glass.counts(10)
    except InputError as error:
        glass.counts(int(error.mend.split()[2]))


def test_thirds_that_do_not_quite_add_up_have_no_negative_qn():
    assert Composition("33.333334Li2O-33.333333Na2O-33.333333SiO2").mean_qn == 0
