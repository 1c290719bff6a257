"""Whatever the compiled core is given, it answers with finite numbers or a Python error. It never crashes, hangs or returns NaN.

``make sanitize`` runs these tests with address and undefined-behaviour sanitizers built into the core.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.engines.native.far_field import FarFieldSettings
from glasswright.engines.native.tables import PairTables, pair_tables
from glasswright.forms.prolate import ProlateSplit
from glasswright.library.forcefields import load_forcefield
from glasswright.native import core
from reference.make_melts import read_melt

REFUSALS = (ValueError, TypeError, RuntimeError, OverflowError)
"""What the core may raise; ``InputError`` is a ValueError, the errors of its time steps are RuntimeErrors."""

STRANGE = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e30, -1e30, 1.7e308, 5e-324, 1e-30, 2.0**31, -(2.0**32), 1e9, -1.0]
strange = st.sampled_from(STRANGE) | st.floats()
counts = st.sampled_from([-(2**63), -1, 0, 1, 2, 7, 255, 256, 1001, 10**6, 2**31, 2**62])


def finite_or_refused(call: Callable[[], Any]) -> bool:
    """Whether there was an answer, which then is finite."""
    try:
        answer = call()
    except REFUSALS:
        return False
    for name, value in (answer or {}).items():
        assert np.all(np.isfinite(value)), name
    return True


@cache
def melt() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, cell and types of a small melt of silica."""
    atoms = read_melt("silica").repeat(2)
    return atoms.get_positions(), np.array(atoms.cell), load_forcefield("bks/dsf").bind(atoms).types.astype(np.int64)


@cache
def tables(double_precision: bool) -> PairTables:
    return pair_tables(load_forcefield("bks/dsf").bind(read_melt("silica")), 1e-4, double_precision)


def forces(double_precision: bool = False, threads: int = 1, **changes: Any) -> Any:
    pairs = changes.pop("pairs", None) or tables(double_precision).term()
    return core().Forces(**({"types": melt()[2], "pairs": pairs, "threads": threads} | changes))


def spoiled(values: np.ndarray, places: list[tuple[int, float]]) -> np.ndarray:
    """A copy in which some numbers are strange."""
    copy = values.copy()
    for place, value in places:
        copy.flat[place % copy.size] = value
    return copy


places = st.lists(st.tuples(st.integers(0, 10**6), strange), min_size=1, max_size=4)


@given(places, places, st.booleans(), st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_strange_positions_and_cells(where: list[tuple[int, float]], edges: list[tuple[int, float]], double_precision: bool, threads: int) -> None:
    positions, cell, _ = melt()
    field = forces(double_precision, threads)
    finite_or_refused(lambda: field.evaluate(spoiled(positions, where), cell))
    finite_or_refused(lambda: field.evaluate(positions, spoiled(cell, edges)))
    finite_or_refused(lambda: field.evaluate(spoiled(positions, where), spoiled(cell, edges)))
    # And it is none the worse for it.
    assert np.allclose(field.evaluate(positions, cell)["forces"], forces(double_precision).evaluate(positions, cell)["forces"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_positions_that_are_no_numbers_are_refused(value: float) -> None:
    positions, cell, _ = melt()
    assert not finite_or_refused(lambda: forces().evaluate(spoiled(positions, [(100, value)]), cell))


@pytest.mark.parametrize("cell", [np.zeros((3, 3)), np.diag([25.0, 25.0, 0.0]), np.diag([25.0, -25.0, 25.0]), np.diag([25.0, 25.0, 1.0]), np.eye(3) * np.nan])
def test_cells_without_room_are_refused(cell: np.ndarray) -> None:
    assert not finite_or_refused(lambda: forces().evaluate(melt()[0], cell))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.sampled_from([0.0, 1e-12, 1e-6, 0.1]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_atoms_on_top_of_each_other(which: list[int], distance: float, double_precision: bool) -> None:
    positions, cell, _ = melt()
    together = positions.copy()
    for k in which:
        together[k % len(together)] = together[0] + distance
    assert finite_or_refused(lambda: forces(double_precision).evaluate(together, cell))


def test_all_atoms_in_one_place() -> None:
    positions, cell, _ = melt()
    finite_or_refused(lambda: forces().evaluate(np.zeros_like(positions), cell))


@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=5), st.integers(1, 2), st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_list_is_never_late(seeds: list[int], threads: int, double_precision: bool) -> None:
    """However atoms move between evaluations, the answer is that of a new object."""
    positions, cell, _ = melt()
    field = forces(double_precision, threads)
    for seed in seeds:
        random = np.random.default_rng(seed)
        scale = 10.0 ** random.uniform(-3, 1)
        moved, strained = positions + scale * random.normal(size=positions.shape), cell * (1 + random.uniform(-0.02, 0.05))
        fresh = forces(double_precision, threads)
        got, expected = field.evaluate(moved, strained), fresh.evaluate(moved, strained)
        rms = np.sqrt(np.mean(expected["forces"] ** 2))
        assert np.allclose(got["forces"], expected["forces"], rtol=1e-4, atol=1e-5 * rms)  # the order of single-precision sums


@given(st.integers(0, 40), st.integers(0, 40), st.lists(counts, max_size=3))
@settings(max_examples=40, deadline=None)
def test_wrong_lengths_and_types(n: int, m: int, odd: list[int]) -> None:
    positions, cell, types = melt()
    wrong = types[:n].copy()
    wrong[: len(odd)] = odd[: len(wrong)]
    finite_or_refused(lambda: forces(types=wrong).evaluate(positions[:m], cell))
    assert n == m or not finite_or_refused(lambda: forces(types=types[:n]).evaluate(positions[:m], cell))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_atoms(n: int) -> None:
    positions, cell, types = melt()
    assert finite_or_refused(lambda: forces(types=types[:n]).evaluate(positions[:n], cell))


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_tables_of_any_shape(data: st.DataObject) -> None:
    """Tables of the wrong shape, with any numbers in them; a million types."""
    small = st.integers(0, 3)
    types, segments, order = data.draw(small), data.draw(st.sampled_from([0, 1, 31, 32, 64, 128, 129])), data.draw(st.integers(0, 10))
    fill = data.draw(strange)
    shape = (types, types, segments, order)
    arrays = {
        "cutoff": np.full((types, data.draw(small) if data.draw(st.booleans()) else types), data.draw(strange)),
        "scale": np.full((types, types), data.draw(strange)),
        "self_energy": np.full(types, fill),
        "force": np.full(shape, fill),
        "energy": np.full(shape, fill),
        "trace": np.full(shape, fill) if data.draw(st.booleans()) else None,
    }
    positions, cell, kinds = melt()

    def build() -> dict[str, np.ndarray]:
        term = core().pair_term(**arrays, per_octave=data.draw(st.sampled_from([-1, 0, 1, 4, 8, 16, 2**30])), double_precision=data.draw(st.booleans()))
        return forces(pairs=term, types=kinds).evaluate(positions, cell)  # type: ignore[no-any-return]

    finite_or_refused(build)


def test_tables_that_reach_nowhere_are_refused() -> None:
    """Without a cutoff no list would be made, which the kernel reads."""
    nothing = np.zeros((1, 1, 32, 4))
    one = {"scale": np.ones((1, 1)), "self_energy": np.zeros(1), "force": nothing, "energy": nothing, "trace": None, "per_octave": 4}
    with pytest.raises(ValueError, match="cutoff above 0"):
        core().pair_term(cutoff=np.zeros((1, 1)), **one)


@pytest.mark.parametrize("per_octave", [1, 2, 4, 8, 16])
def test_segments_are_shared_out_as_said(per_octave: int) -> None:
    """32 segments may span any number of octaves: F/r = u is read as that by both precisions, or the table is refused."""
    positions, cell, kinds = melt()
    octaves = 32 // per_octave
    edges = np.append(np.ldexp(1 + np.arange(per_octave) / per_octave, np.arange(-octaves, 0)[:, None]).ravel(), 1.0)
    table = np.zeros((2, 2, 32, 6))
    table[..., 0], table[..., 1] = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    given = {"cutoff": np.full((2, 2), 8.0), "scale": np.full((2, 2), 1 / 64), "self_energy": np.zeros(2), "trace": None, "per_octave": per_octave}

    def evaluated(double_precision: bool) -> np.ndarray:
        term = core().pair_term(**given, force=table, energy=table, double_precision=double_precision)
        return forces(pairs=term, types=kinds).evaluate(positions, cell)["forces"]  # type: ignore[no-any-return]

    try:
        single = evaluated(False)
    except ValueError as refusal:
        assert "8 octaves of 4 segments" in str(refusal) and (per_octave != 4 or not core().tables_in_registers)
        return
    assert np.allclose(single, evaluated(True), rtol=1e-4, atol=1e-4)


def test_a_million_types() -> None:
    positions, cell, _ = melt()
    assert not finite_or_refused(lambda: forces(types=np.arange(len(positions)) * 10**6 // len(positions)).evaluate(positions, cell))


@given(strange, counts)
@settings(max_examples=40, deadline=None)
def test_strange_skins_and_threads(skin: float, threads: int) -> None:
    positions, cell, _ = melt()
    threads = threads if threads < 8 or threads > 10**5 else 3  # a thousand threads are allowed, but slow
    finite_or_refused(lambda: forces(skin=skin, threads=min(threads, 2**31 - 1)).evaluate(positions, cell))


def test_a_term_serves_one_object_at_a_time() -> None:
    """It reads the neighbour list of the one, which is gone when the other asks."""
    positions, cell, _ = melt()
    term = tables(False).term()
    first = forces(pairs=term)
    with pytest.raises(ValueError, match="one Forces"):
        forces(pairs=term)
    assert finite_or_refused(partial(first.evaluate, positions, cell))
    del first
    assert finite_or_refused(lambda: forces(pairs=term).evaluate(positions, cell))


def dynamics(threads: int = 1) -> Any:
    positions, cell, _ = melt()
    velocities = np.random.default_rng(1).normal(scale=0.01, size=positions.shape)
    return core().Dynamics(forces(threads=threads), positions, velocities - velocities.mean(axis=0), cell, np.array([15.999, 28.085]))


MOTIONS = {
    "ensemble": st.sampled_from(["nve", "nvt", "npt", "nonsense"]),
    "timestep": st.just(1.0) | strange,
    "temperature": st.just((3000.0, 300.0)) | st.tuples(strange, strange),
    "pressure": st.just((0.0, 0.0)) | st.tuples(strange, strange),
    "cell": st.sampled_from(["isotropic", "anisotropic", ""]),
    "thermostat": st.sampled_from(["nose-hoover", "langevin", "csvr", "?"]),
    "thermostat_damping": st.just(100.0) | strange,
    "barostat_damping": st.just(1000.0) | strange,
    "n_steps": st.just(100) | counts,
    "done": st.just(0) | counts,
    "max_displacement": st.none() | strange,
    "seed": st.integers(0, 2**64 - 1),
}


@given(st.fixed_dictionaries(MOTIONS), st.integers(1, 3), st.just(0) | counts, st.just(0) | counts)
@settings(max_examples=60, deadline=None)
def test_strange_motions(motion: dict[str, Any], threads: int, sample_every: int, frames_every: int) -> None:
    simulation = dynamics(threads)
    if finite_or_refused(lambda: simulation.set_motion(**motion)) and finite_or_refused(lambda: simulation.run(10, sample_every, frames_every)):
        finite_or_refused(simulation.state)


@given(places, places, places, places)
@settings(max_examples=25, deadline=None)
def test_strange_starts(where: list[tuple[int, float]], fast: list[tuple[int, float]], edges: list[tuple[int, float]], heavy: list[tuple[int, float]]) -> None:
    positions, cell, _ = melt()
    still, masses = np.zeros_like(positions), np.array([15.999, 28.085])
    for x, v, h, m in (
        (spoiled(positions, where), still, cell, masses),
        (positions, spoiled(still, fast), cell, masses),
        (positions, still, spoiled(cell, edges), masses),
        (positions, still, cell, spoiled(masses, heavy)),
    ):

        def move(x: np.ndarray = x, v: np.ndarray = v, h: np.ndarray = h, m: np.ndarray = m) -> Any:
            simulation = core().Dynamics(forces(), x, v, h, m)
            simulation.set_motion(ensemble="npt", timestep=1.0, temperature=(300.0, 300.0), n_steps=10)
            return simulation.run(3, sample_every=1)

        finite_or_refused(move)


@given(st.sampled_from(["positions", "velocities", "reference", "cell", "thermostat", "barostat", "barostat_thermostat", "booked", "step"]), places)
@settings(max_examples=60, deadline=None)
def test_strange_restarts(name: str, where: list[tuple[int, float]]) -> None:
    simulation = dynamics()
    simulation.set_motion(ensemble="npt", timestep=1.0, temperature=(300.0, 300.0), n_steps=10)
    simulation.run(1)
    saved = simulation.save()
    saved[name] = spoiled(saved[name], where) if isinstance(saved[name], np.ndarray) else where[0][1]
    if finite_or_refused(lambda: simulation.load(saved)) and finite_or_refused(lambda: simulation.run(3, sample_every=1)):
        finite_or_refused(simulation.state)


@given(st.sampled_from(["fire", "cg", ""]), strange, st.integers(-3, 12), st.booleans(), strange, places)
@settings(max_examples=40, deadline=None)
def test_strange_searches(method: str, force: float, steps: int, cell: bool, pressure: float, where: list[tuple[int, float]]) -> None:
    positions, box, _ = melt()

    def search() -> None:
        simulation = core().Dynamics(forces(), spoiled(positions, where), np.zeros_like(positions), box, np.array([15.999, 28.085]))
        simulation.minimize(method=method, force_tolerance=force, max_steps=steps, cell=cell, pressure_tolerance=pressure)
        assert np.isfinite(simulation.state()["positions"]).all()

    finite_or_refused(search)


@given(places, places, st.booleans(), st.integers(1, 3), st.sampled_from(["everything", "pressure", "forces", ""]))
@settings(max_examples=20, deadline=None)
def test_strange_far_fields(where: list[tuple[int, float]], edges: list[tuple[int, float]], double_precision: bool, threads: int, need: str) -> None:
    positions, cell, types = melt()
    far = FarFieldSettings(ProlateSplit(9.75, 8.0), (12, 12, 12), 5, 11.4, double_precision).build([-1.2, 2.4])
    finite_or_refused(lambda: far.evaluate(spoiled(positions, where), cell, types, need=need, threads=threads))
    finite_or_refused(lambda: far.evaluate(positions, spoiled(cell, edges), types, need=need, threads=threads))
    finite_or_refused(lambda: far.evaluate(positions[: where[0][0] % 9], cell, types[: edges[0][0] % 9]))


@given(st.tuples(*[st.sampled_from([-1, 0, 1, 2, 3, 5, 6, 7, 12, 1000, 2**31 - 1])] * 3), st.integers(0, 40), strange, st.sampled_from([0, 1, 5, 9, 40]))
@settings(max_examples=60, deadline=None)
def test_far_fields_of_any_shape(points: tuple[int, int, int], width: int, number: float, degree: int) -> None:
    positions, cell, types = melt()
    along = [max(0, min(n, 1000)) for n in points]

    def build() -> Any:
        far = core().FarField(
            charges=[number, -2 * number],
            points=points,
            window=np.full((degree, width), number),
            largest_k=number,
            psi=[number] * degree,
            at_zero=number,
            deconvolution=[[number] * n for n in along],
            aliases=[[number] * n for n in along],
            double_precision=False,
        )
        return far.evaluate(positions, cell, types)

    finite_or_refused(build)
