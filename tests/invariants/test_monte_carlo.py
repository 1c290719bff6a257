"""What trials add up to is what a full count gives, whatever the cell, the moves and what judges them; and strange input never crashes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.engines.native.tables import PairTables, pair_tables
from glasswright.errors import InputError
from glasswright.library.forcefields import load_forcefield
from glasswright.native.monte_carlo import MonteCarlo, Moves
from glasswright.targets import Binwise, Residual
from reference.make_melts import read_melt

STRANGE = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e30, -1e30, 1.7e308, 5e-324, 1e-30, 2.0**31, -(2.0**32), 1e9, -1.0]
strange = st.sampled_from(STRANGE) | st.floats()
places = st.lists(st.tuples(st.integers(0, 10**6), strange), min_size=1, max_size=4)


@cache
def tables() -> PairTables:
    return pair_tables(load_forcefield("bks/dsf").bind(read_melt("silica")))


def silica(**options: Any) -> MonteCarlo:
    atoms = read_melt("silica").repeat(2)
    types = load_forcefield("bks/dsf").bind(atoms).types
    given = {"positions": atoms.positions, "cell": atoms.cell.array, "types": types, "n_types": 2, "r_max": 6.0, "n_bins": 60, "seed": 1}
    return MonteCarlo(**(given | options))


def data(kernel: MonteCarlo, seed: int) -> tuple[Binwise, Residual]:
    """Made-up curves not far from the present histogram."""
    rng = np.random.default_rng(seed)
    n, _, bins = kernel.histogram.shape
    weight = rng.uniform(0, 1, (n, n, bins))
    rows = rng.normal(size=(n, n, bins, 17)).astype(np.float32)
    near = Binwise(weight + weight.swapaxes(0, 1), np.zeros(bins), 0.1), Residual(rows + rows.swapaxes(0, 1), np.zeros(17), 0.2)
    return replace(near[0], target=near[0].vector(kernel.histogram) * 1.01), replace(near[1], offset=-near[1].vector(kernel.histogram) * 1.01)


def assert_counted(kernel: MonteCarlo, terms: tuple[Binwise, Residual]) -> None:
    assert np.array_equal(kernel.histogram, kernel.histogram_full())
    assert kernel.energy == kernel.energy_full()
    # A million pairs in a sum of single-precision products that nearly cancel.
    scale = [float((np.abs(getattr(t, "weight", getattr(t, "rows", None))).max() * kernel.histogram.sum()) ** 2) for t in terms]
    for value, term, size in zip(kernel.residuals, terms, scale, strict=True):
        assert value == pytest.approx(term.squared(kernel.histogram), rel=1e-4, abs=1e-9 * size)


@given(
    st.lists(st.floats(-0.8, 0.8), min_size=3, max_size=3),
    st.floats(0.01, 3),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.sampled_from([0.0, 1e-3, 1.0, np.inf]),
    st.sampled_from([0.0, 1e-4, 1e2, np.inf]),
    st.integers(0, 2**64 - 1),
)
@settings(max_examples=25, deadline=None)
def test_incremental_equals_full(tilts: list[float], step: float, swaps: float, clusters: float, temperature: float, chi_temperature: float, seed: int) -> None:
    cell = read_melt("silica").repeat(2).cell.array.copy()
    cell[1, 0], cell[2, 0], cell[2, 1] = np.array(tilts) * cell[0, 0]
    rng = np.random.default_rng(seed)
    height = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0).max()
    r_max = 0.49 * height
    kernel = silica(positions=rng.uniform(0, 1, (1152, 3)) @ cell, cell=cell, r_max=r_max, seed=seed)
    terms = data(kernel, seed)
    kernel.set_data(terms)
    if height > 2 * tables().cutoff.max():
        kernel.set_pairs(tables())
    kernel.set_groups([rng.choice(1152, n, replace=False).tolist() for n in (1, 2, 5, 30)])
    moves = Moves(min(step, 0.4 * height), swaps=swaps, clusters=clusters, cluster_step=0.4, cluster_angle=90.0)
    for _ in range(3):
        counts = kernel.run(300, temperature=temperature, chi_temperature=chi_temperature, moves=moves)
        assert counts.tried == 300
        assert counts.drift < 1e-5
        assert_counted(kernel, terms)


@pytest.mark.slow
def test_incremental_equals_full_after_ten_million_trials() -> None:
    kernel = silica(seed=7, minimum_distances=[[1.2, 1.0], [1.0, 1.2]])
    terms = data(kernel, 1)
    kernel.set_data(terms)
    kernel.set_pairs(tables())
    kernel.set_groups([[3 * k, 3 * k + 1, 3 * k + 2] for k in range(100)])
    counts = kernel.run(10**7, temperature=0.5, chi_temperature=1e9, moves=Moves((0.2, 0.3), swaps=0.05, clusters=0.05))
    assert 10**6 < counts.accepted < 9 * 10**6
    # Added up in double precision from changes in single precision: millions of roundings of 6e-8 of a change, at random.
    assert counts.drift < 1e-4
    assert_counted(kernel, terms)


@given(st.permutations(range(8)), st.floats(0, 6.28), st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_numbers_of_atoms_and_turns_of_the_cell_change_nothing(order: list[int], angle: float, seed: int) -> None:
    crystal = bulk("Si", cubic=True).repeat(2)
    crystal.rattle(0.1, seed=seed)
    rotation = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    types = np.arange(len(crystal)) % 8 % 3
    mixed = np.concatenate([np.array(order) + 8 * k for k in range(8)])
    one = MonteCarlo(crystal.positions, crystal.cell.array, types, 3, r_max=5.4, n_bins=11)
    other = MonteCarlo(crystal.positions[mixed] @ rotation, crystal.cell.array @ rotation, types[mixed], 3, r_max=5.4, n_bins=11)
    # A pair within 1e-6 of an edge may fall on either side.
    assert np.abs(np.cumsum(one.histogram - other.histogram, axis=2)).max() <= 1


def run_or_refuse(kernel: MonteCarlo, **arguments: Any) -> None:
    try:
        kernel.run(50, **arguments)
    except InputError:
        return
    assert np.isfinite(kernel.positions).all()
    assert np.isfinite(kernel.energy)
    assert np.isfinite(kernel.residuals).all()


def spoiled(values: np.ndarray, where: list[tuple[int, float]]) -> np.ndarray:
    """A copy in which some numbers are strange."""
    copy = np.array(values, dtype=float)
    for place, value in where:
        copy.flat[place % copy.size] = value
    return copy


@given(st.sampled_from(["positions", "cell", "types", "minimum_distances", "r_max", "n_bins", "n_types", "seed"]), places, st.integers(-(2**70), 2**70))
@settings(max_examples=80, deadline=None)
def test_strange_starts(name: str, where: list[tuple[int, float]], number: int) -> None:
    atoms = read_melt("silica").repeat(2)
    values: dict[str, Any] = {
        "positions": spoiled(atoms.positions, where),
        "cell": spoiled(atoms.cell.array, where),
        "types": np.where(np.arange(1152) == 5, np.clip(number, -(2**63), 2**63 - 1), 0),
        "minimum_distances": spoiled(np.zeros((2, 2)), where),
        "r_max": where[0][1],
        "n_bins": number,
        "n_types": number if abs(number) > 1000 else abs(number),
        "seed": number,
    }
    extra = {} if name == "n_types" else {"minimum_distances": np.ones((2, 2))}
    try:
        kernel = silica(**(extra | {name: values[name]}))
    except InputError:
        return
    run_or_refuse(kernel)
    assert np.array_equal(kernel.histogram, kernel.histogram_full())


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("temperature", "energy_weight", "chi_temperature"), strange)), st.lists(strange, max_size=3), st.data()
)
@settings(max_examples=50, deadline=None)
def test_strange_runs(arguments: dict[str, float], weights: list[float], draw: st.DataObject) -> None:
    kernel = silica()
    kernel.set_data(data(kernel, 0))
    kernel.set_pairs(tables())
    kernel.set_groups([[1, 2]])
    names = ("step", "swaps", "clusters", "cluster_step", "cluster_angle")
    moves = Moves(**{n: draw.draw(strange | st.floats(0, 1)) for n in names if draw.draw(st.booleans())})
    run_or_refuse(kernel, **arguments, data_weights=weights or None, moves=moves)
    assert_counted(kernel, data(silica(), 0))


@given(st.sampled_from(["weight", "target", "rows", "offset", "floor"]), places)
@settings(max_examples=60, deadline=None)
def test_strange_data(name: str, where: list[tuple[int, float]]) -> None:
    kernel = silica()
    for term in data(kernel, 0):
        value = getattr(term, name, None)
        if value is None:
            continue
        with np.errstate(over="ignore"):
            changed: Any = where[0][1] if name == "floor" else spoiled(value, where).astype(value.dtype)
        try:
            kernel.set_data([replace(term, **{name: changed})])
        except InputError:
            continue
        run_or_refuse(kernel, chi_temperature=1.0)


@given(st.sampled_from(["cutoff", "scale", "self_energy", "force", "energy"]), places, st.booleans())
@settings(max_examples=80, deadline=None)
def test_strange_tables(name: str, where: list[tuple[int, float]], symmetric: bool) -> None:
    kernel = silica()
    changed = spoiled(getattr(tables(), name), where)
    if symmetric and changed.ndim > 1:
        changed[1, 0] = changed[0, 1]
    try:
        kernel.set_pairs(replace(tables(), **{name: changed}))
    except InputError:
        return
    kernel.run(50, temperature=0.1)
    assert np.isfinite(kernel.positions).all()


@given(st.integers(1, 60), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_atoms_on_top_of_each_other(together: int, seed: int) -> None:
    """Columns overflow and grow. Energies beyond 3e7 eV are no longer exact sums."""
    kernel = silica(seed=seed)
    kernel.set_pairs(tables())
    kernel.set_data(data(kernel, 0))
    positions = kernel.positions
    positions[: 19 * together] = positions[0]
    kernel.positions = positions
    kernel.run(500, temperature=0.0, moves=Moves(0.5, swaps=0.1))
    assert np.array_equal(kernel.histogram, kernel.histogram_full())
    assert kernel.energy == pytest.approx(kernel.energy_full(), rel=1e-12)


def test_a_flood_into_one_place() -> None:
    """Every column overflows on the way: all atoms walk into one corner."""
    cell = np.diag([20.0, 20.0, 20.0])
    rng = np.random.default_rng(3)
    kernel = MonteCarlo(rng.uniform(0, 20, (2000, 3)), cell, np.zeros(2000, int), 1, r_max=9.9, n_bins=10)
    weight = np.zeros((1, 1, 10))
    weight[..., 0] = 1e-3
    kernel.set_data([Binwise(weight, np.full(10, 1e6), 0.0)])
    kernel.run(60000, chi_temperature=0.0, moves=Moves(9.0))
    assert kernel.histogram[0, 0, 0] > 8000  # from 1000
    assert np.array_equal(kernel.histogram, kernel.histogram_full())


@given(st.binary(max_size=200) | st.none(), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3))
@settings(max_examples=60, deadline=None)
def test_damaged_states(noise: bytes | None, flips: list[tuple[int, int]]) -> None:
    state = bytearray(silica().state())
    for place, value in flips:
        state[place % len(state)] = value
    try:
        kernel = MonteCarlo.restore(bytes(state) if noise is None else noise)
    except InputError:
        return
    kernel.run(50)
    assert np.isfinite(kernel.positions).all()
