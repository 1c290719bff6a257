"""Every pair form, core and Coulomb method is the same under NumPy and JAX, and JAX knows its derivative in distance and in every parameter.

One compiled function per force field gives values and derivatives for two sets of parameters at once, so that ``jit``, ``grad`` and ``vmap`` are tried
on all. The second set is a few per cent away from the first, where what is searched for (the begin of a splice) has moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pytest
from ase import Atoms

from contracts.cases import model
from glasswright.forcefield import BoundForceField, CoulombMethod
from glasswright.forms import CORES, PAIR_FORMS
from glasswright.forms.coulomb import Split, self_energy
from glasswright.forms.parameters import parameters, with_parameters
from glasswright.forms.prolate import ProlateSplit
from glasswright.forms.tabulate import inner_radius, pair_energy_force
from reference.silicon import mixture_forcefield

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

CASES: dict[str, tuple[str, Split | None]] = {
    "bks": ("SiO2", ProlateSplit(13.0, 6.0)),
    "bks/dsf": ("SiO2", None),
    "bks/wolf": ("SiO2", None),
    "teter": ("SiO2", 0.3),
    "shik": ("SiO2", None),
    "pmmcs": ("SiO2", 0.3),
    "bouhadja": ("Al2O3", 0.3),
    "mixture": ("Se2", None),
    "tersoff-si": ("Si2", None),
    "cleri-rosato": ("Cu2", None),
}
"""Force field → a composition, and how its Ewald sum divides 1/r."""
QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""How these tests compile: what they compile runs once."""
MOVED = 0.02
"""How far the second set of parameters is from the first, relative to each."""


def bound_case(name: str) -> BoundForceField:
    forcefield = mixture_forcefield() if name == "mixture" else model(name)
    return forcefield.bind(Atoms(CASES[name][0]))


def tried(bound: BoundForceField) -> list[tuple[str, str]]:
    """Pairs with oxygen, where there is any: the others have the same form."""
    return [pair for pair in bound.pairs if "O" in pair or "O" not in bound.species]


def every_pair(bound: BoundForceField, r: Any, split: Split | None, xp: Any) -> tuple[Any, Any]:
    """Energy and force of the pairs of species that are tried ``(n_pairs, n_r)``."""
    found = [pair_energy_force(bound, a, b, r, split, xp) for a, b in tried(bound)]
    return xp.stack([e for e, _ in found]), xp.stack([f for _, f in found])


@dataclass(frozen=True)
class Evaluated:
    """A force field under JAX for two sets of parameters; arrays begin with (set, pair of species, distance)."""

    bound: BoundForceField
    split: Split | None
    r: np.ndarray
    sets: tuple[dict[str, float], dict[str, float]]
    energy: np.ndarray
    force: np.ndarray
    slope: np.ndarray
    """dE/dr"""
    by_parameter: dict[str, tuple[np.ndarray, np.ndarray]]
    """Derivatives of energy and force."""

    def under_numpy(self, which: int, **changed: float) -> tuple[np.ndarray, np.ndarray]:
        return every_pair(with_parameters(self.bound, self.sets[which] | changed), self.r, self.split, np)

    @property
    def outside(self) -> np.ndarray:
        """Distances ``(n_pairs, n_r)`` that no set of parameters continues with constant force, those within a step of a jump left out."""
        inner = [max(inner_radius(with_parameters(self.bound, theta), a, b) for theta in self.sets) for a, b in tried(self.bound)]
        return np.stack([self.r > radius + 0.01 for radius in inner])


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Evaluated:
    bound, split = bound_case(request.param), CASES[request.param][1]
    ends = [bound.cutoff, bound.coulomb.cutoff or 1.0, *(t.cutoff for t in bound.pairs.values())]
    r = np.concatenate([np.geomspace(0.02, bound.cutoff + 1, 120), ends, [1e30, np.inf]])
    start = parameters(bound)
    sets = start, {name: value * (1 + MOVED * (-1) ** i) for i, (name, value) in enumerate(start.items())}

    def values(theta: Any, r: Any) -> Any:
        return every_pair(with_parameters(bound, {name: value for name, value in theta.items() if name != "shift"}), r + theta["shift"], split, jnp)

    def everything(theta: Any, r: Any) -> Any:
        backwards = jax.grad(lambda theta, r: values(theta, r)[0].sum(), (0, 1))(theta, r)
        return values(theta, r), jax.jacfwd(values)(theta, r), backwards

    with jax.enable_x64(True):
        both = jax.tree.map(lambda *values: jnp.array(values), *({**theta, "shift": 0.0} for theta in sets))
        compiled = jax.jit(jax.vmap(everything, (0, None))).lower(both, jnp.asarray(r)).compile(compiler_options=QUICKLY)
        (energy, force), (by_energy, by_force), (by_theta, by_r) = jax.tree.map(np.asarray, compiled(both, r))
    # Backwards the same derivatives are found: of the sum of all energies.
    np.testing.assert_allclose(by_r, by_energy["shift"].sum(axis=1), rtol=1e-9, atol=1e-9)
    for name in start:
        np.testing.assert_allclose(by_theta[name], by_energy[name].sum(axis=(1, 2)), rtol=1e-9, atol=1e-9)
    by_parameter = {name: (by_energy[name], by_force[name]) for name in start}
    return Evaluated(bound, split, r, sets, energy, force, by_energy["shift"], by_parameter)


def test_every_form_core_and_method_is_tried() -> None:
    bounds = [bound_case(name) for name in CASES]
    assert {t.form for b in bounds for t in b.pairs.values()} == set(PAIR_FORMS)
    assert {t.core.get("kind", "none") for b in bounds for t in b.pairs.values()} == set(CORES)
    assert {b.coulomb.method for b in bounds} == set(get_args(CoulombMethod))
    assert any(t.shifted and t.smoothing for b in bounds for t in b.pairs.values())
    assert any(s.charge is None for b in bounds for s in b.forcefield.species)


def test_numpy_and_jax_agree(case: Evaluated) -> None:
    for which in range(2):
        # Closer than the inner radius the second set goes on with constant force from the radius of the first.
        where = case.outside if which else np.full(case.outside.shape, True)
        for here, there in zip((case.energy, case.force), case.under_numpy(which), strict=True):
            np.testing.assert_allclose(here[which][where], there[where], rtol=1e-9, atol=1e-9)


def test_force_is_the_derivative_in_distance(case: Evaluated) -> None:
    np.testing.assert_allclose(case.slope, -case.force, rtol=1e-9, atol=1e-9)


def test_derivatives_in_every_parameter(case: Evaluated) -> None:
    """Against differences of fourth order of the NumPy forms: truncation 1e-10 even for the 30th power, rounding 1e-12 E/θ."""
    for which, theta in enumerate(case.sets):
        for name, value in theta.items():
            h = 1e-4 * (abs(value) or 1.0)
            one, two, three, four = (case.under_numpy(which, **{name: value + k * h}) for k in (-2, -1, 1, 2))
            for part, exact in enumerate(case.by_parameter[name]):
                difference = (one[part] - 8 * two[part] + 8 * three[part] - four[part]) / (12 * h)
                rounding = 1e-10 * (1 + np.abs((case.energy, case.force)[part][which])) / (abs(value) or 1.0)
                wrong = np.abs(exact[which] - difference) > 1e-6 * np.abs(difference) + rounding
                assert not np.any(wrong & case.outside), f"{name} at {case.r[np.any(wrong & case.outside, axis=0)]}"


def test_nothing_is_undefined_where_lists_are_padded(case: Evaluated) -> None:
    """At the cutoffs, on top of each other and infinitely far: derivatives of branches not taken must not come through."""
    for values in (case.energy, case.force, case.slope, *(d for both in case.by_parameter.values() for d in both)):
        assert np.all(np.isfinite(values))
        assert np.all(values[..., -2:] == 0)


def test_single_precision_stays_single() -> None:
    for name in ("teter", "shik", "bks/dsf"):
        bound, r = bound_case(name), jax.ShapeDtypeStruct((20,), np.float32)
        theta = {key: jax.ShapeDtypeStruct((), np.float32) for key in parameters(bound)}
        with jax.enable_x64(True):
            found = jax.eval_shape(lambda theta, r, bound=bound: every_pair(with_parameters(bound, theta), r, ProlateSplit(13.0, 6.0), jnp), theta, r)
        assert {values.dtype for values in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ["bks/dsf", "bks/wolf"])
def test_self_energy_agrees(name: str) -> None:
    bound = bound_case(name)
    charges = bound.charges[bound.types]
    with jax.enable_x64(True):
        value, slope = jax.value_and_grad(lambda q: self_energy(q, bound.coulomb, jnp))(jnp.asarray(charges))
        assert float(value) == pytest.approx(self_energy(charges, bound.coulomb), rel=1e-12)
        np.testing.assert_allclose(slope, 2 * float(value) * charges / np.sum(charges**2), rtol=1e-12)
