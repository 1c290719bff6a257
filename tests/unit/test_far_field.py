"""The far field of the compiled core: transforms, refusals, determinism, symmetries of the result."""

import numpy as np
import pytest

from glasswright.engines.native.far_field import FarFieldSettings, choose_far_field
from glasswright.errors import InputError
from glasswright.forms.prolate import ProlateSplit
from glasswright.native import core

CHARGES = [-1.2, 2.4]
# About 1e-4 in the force for this cell.
SETTINGS = FarFieldSettings(ProlateSplit(12.5, 5.0), (16, 16, 18), 6, 13.3)


def disordered(n: int = 90) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, a triclinic cell and types of a neutral random system."""
    random = np.random.default_rng(4)
    cell = np.array([[12.0, 0, 0], [2.1, 11.5, 0], [-1.7, 0.9, 12.6]])
    return random.random((n, 3)) @ cell, cell, (np.arange(n) % 3 == 0).astype(np.int64)


@pytest.mark.parametrize("n", [8, 10, 12, 16, 18, 20, 24, 30, 32, 36, 40, 48, 50, 54, 60, 64, 72, 80, 90, 96, 100, 108, 120, 125, 128, 243])
def test_transforms_are_those_of_numpy(n: int) -> None:
    random = np.random.default_rng(n)
    x = random.normal(size=(n, 8)) + 1j * random.normal(size=(n, 8))
    expected = np.fft.fft(x, axis=0)
    for transform, precision in ((core().transform_single, 1.2e-7), (core().transform_double, 2.2e-16)):
        re, im = transform(x.real.copy(), x.imag.copy())
        # Rounding of log2(n) passes, of numbers of size √n.
        assert np.abs(re + 1j * im - expected).max() < 4 * precision * np.sqrt(n) * np.log2(n)


@pytest.mark.parametrize("n", [7, 22, 49])
def test_other_lengths_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="product of 2, 3 and 5"):
        core().transform_single(np.zeros((n, 8)), np.zeros((n, 8)))


def test_charged_cells_are_refused() -> None:
    positions, cell, types = disordered()
    with pytest.raises(ValueError, match="add up to zero"):
        SETTINGS.build(CHARGES).evaluate(positions, cell, np.zeros_like(types))


@pytest.mark.parametrize("double", [False, True])
def test_bad_input_is_refused(double: bool) -> None:
    positions, cell, types = disordered()
    far = FarFieldSettings(SETTINGS.split, SETTINGS.points, 6, 13.3, double).build(CHARGES)
    broken = positions.copy()
    broken[3, 1] = np.nan
    for bad, match in (
        ((broken, cell, types), "[Pp]osition"),
        ((positions, np.zeros((3, 3)), types), "volume"),
        ((positions, cell * np.nan, types), "finite"),
        ((positions, cell.T.copy(), types), "triangular"),
        ((positions, cell, types[:-1]), "type per atom"),
        ((positions, cell, types + 1), "type"),
        ((positions, cell, types - 1), "type"),
    ):
        with pytest.raises(ValueError, match=match):
            far.evaluate(*bad)
    with pytest.raises(ValueError, match="even number"):
        FarFieldSettings(SETTINGS.split, (16, 15, 16), 6, 13.3).build(CHARGES)
    with pytest.raises(ValueError, match="product"):
        FarFieldSettings(SETTINGS.split, (16, 14, 16), 6, 13.3).build(CHARGES)
    with pytest.raises(ValueError, match="4 to 8"):
        FarFieldSettings(SETTINGS.split, (16, 16, 16), 9, 13.3).build(CHARGES)
    with pytest.raises(ValueError, match="finite"):
        SETTINGS.build([np.inf, 1.0])


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("width", [4, 5, 6, 7, 8])
def test_nothing_depends_on_the_origin_or_the_image_by_more_than_the_accuracy(width: int, double: bool) -> None:
    positions, cell, types = disordered()
    far = FarFieldSettings(SETTINGS.split, (20, 20, 20), width, 2.3 * width, double).build(CHARGES)
    one = far.evaluate(positions, cell, types)
    # Of 90 forces of about 10 eV/Å.
    rounding = 1e-12 if double else 4e-5
    # A shift by whole mesh cells and images changes nothing but rounding.
    steps = np.array([3, -7, 11]) / 20 @ cell + np.random.default_rng(1).integers(-3, 4, (len(positions), 3)) @ cell
    same = far.evaluate(positions + steps, cell, types)
    np.testing.assert_allclose(same["forces"], one["forces"], atol=rounding * 10)
    assert same["energy"] == pytest.approx(one["energy"], rel=rounding / 10)
    # Newton's third law, for every width and precision: forces by the mesh conserve momentum.
    assert np.abs(one["forces"].sum(axis=0)).max() < rounding
    # Any other shift changes what the mesh cannot resolve.
    other = far.evaluate(positions + 0.123, cell, types)
    limit = {4: 3e-2, 5: 4e-3, 6: 1e-3, 7: 5e-4, 8: 5e-4}[width]
    assert np.abs(other["forces"] - one["forces"]).max() < limit * np.abs(one["forces"]).max()


def test_results_repeat_and_hardly_depend_on_threads() -> None:
    positions, cell, types = disordered()
    by_threads = []
    for threads in (1, 2, 3, 5):
        one, again = (SETTINGS.build(CHARGES).evaluate(positions, cell, types, threads=threads) for _ in range(2))
        for key in ("forces", "virial"):
            np.testing.assert_array_equal(one[key], again[key])
        assert one["energy"] == again["energy"]
        by_threads.append(one)
    for other in by_threads[1:]:
        np.testing.assert_allclose(other["forces"], by_threads[0]["forces"], atol=1e-5)
        assert other["energy"] == pytest.approx(by_threads[0]["energy"], rel=1e-6)


def test_less_is_computed_only_where_less_is_asked() -> None:
    positions, cell, types = disordered()
    far = SETTINGS.build(CHARGES)
    forces, pressure, everything = (far.evaluate(positions, cell, types, need=need) for need in ("forces", "pressure", "everything"))
    for other in (forces, pressure):
        np.testing.assert_array_equal(other["forces"], everything["forces"])
        assert other["energy"] == 0
    assert not forces["virial"].any()
    # The trace of the virial of charges is their energy.
    assert everything["virial"][:3].sum() == pytest.approx(everything["energy"], rel=1e-12)
    np.testing.assert_allclose(pressure["virial"], np.array([1, 1, 1, 0, 0, 0]) * everything["energy"] / 3, rtol=1e-12)


def test_a_finer_mesh_along_any_axis_gives_the_same() -> None:
    positions, cell, types = disordered()
    one = FarFieldSettings(SETTINGS.split, (24, 24, 24), 8, 18.0).build(CHARGES).evaluate(positions, cell, types)
    for points in ((128, 24, 20), (20, 96, 24), (24, 20, 128), (60, 50, 24)):
        other = FarFieldSettings(SETTINGS.split, points, 8, 18.0).build(CHARGES).evaluate(positions, cell, types)
        # The meshes leave 1e-5 of forces of about 10 eV/Å.
        np.testing.assert_allclose(other["forces"], one["forces"], atol=5e-4)
        np.testing.assert_allclose(other["virial"], one["virial"], atol=1e-5 * abs(one["energy"]))


@pytest.mark.parametrize(
    ("asked", "match"),
    [({"accuracy": 1e-9}, "cannot be had"), ({"accuracy": float("nan")}, "cannot be had"), ({"cutoff": 9.0}, "narrowest"), ({"shortest": 8.0}, "narrowest")],
)
def test_choices_that_cannot_be_made_are_refused(asked: dict[str, float], match: str) -> None:
    settings: dict[str, float] = {"accuracy": 1e-4} | asked
    with pytest.raises(InputError, match=match):
        choose_far_field(cell=np.eye(3) * 12, n_atoms=100, **settings)


def test_the_choice_looks_ahead_to_a_larger_cell() -> None:
    cell = np.eye(3) * 35.66
    settings = choose_far_field(1e-4, cell, 3000, shortest=8.0)
    assert settings.split.cutoff == 8.0 and settings.accuracy == 1e-4 and not settings.double_precision
    assert not settings.needs_regrid(cell * 1.04)
    assert settings.needs_regrid(cell * 2)
    assert choose_far_field(1e-6, cell, 3000, shortest=8.0).points > settings.points
    assert choose_far_field(1e-6, cell, 3000).double_precision
