"""Energy functions that are called as those of jax-md are, as potentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from glasswright.errors import InputError

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy
foreign = pytest.importorskip("glasswright.engines.jax.foreign")
RANGE, SKIN, WIDTH = 3.0, 0.6, 9.0


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@jax.tree_util.register_pytree_node_class
@dataclass
class Listed:
    """A neighbour list as jax-md has them: a table of indices, remade in its room."""

    idx: Any
    reference_position: Any
    did_buffer_overflow: Any

    def set(self, **changes: Any) -> Listed:
        return replace(self, **changes)

    def update(self, at: Any, **kwargs: Any) -> Listed:
        found = table(at, self.idx.shape[1], **kwargs)
        far = jnp.any(jnp.abs(at - self.reference_position) > SKIN / 2)
        return jax.tree.map(lambda new, old: jnp.where(far, new, old), found, self)

    def tree_flatten(self) -> Any:
        return (self.idx, self.reference_position, self.did_buffer_overflow), None

    @classmethod
    def tree_unflatten(cls, _: Any, leaves: Any) -> Listed:
        return cls(*leaves)


class Lists:
    @staticmethod
    def allocate(at: Any, **kwargs: Any) -> Listed:
        return table(at, int(jnp.max(jnp.sum(near(at, **kwargs), axis=1))) + 1, **kwargs)


def apart(at: Any, box: Any = None, perturbation: Any = None) -> Any:
    """Displacements of all pairs: of fractional coordinates in a box, or in a cube whose pairs are strained."""
    d = at[None] - at[:, None]
    if box is not None:
        return (d - jnp.round(d)) @ box.T
    d = d - WIDTH * jnp.round(d / WIDTH)
    return d if perturbation is None else d @ perturbation.T


def near(at: Any, **kwargs: Any) -> Any:
    r2 = jnp.sum(apart(at, **kwargs) ** 2, axis=-1)
    return (r2 < (RANGE + SKIN) ** 2) & (r2 > 0)


def table(at: Any, room: int, **kwargs: Any) -> Listed:
    close = near(at, **kwargs)
    order = jnp.argsort(~close, axis=1, stable=True)[:, :room]
    idx = jnp.where(jnp.take_along_axis(close, order, axis=1), order, len(at))
    return Listed(idx, at, jnp.max(jnp.sum(close, axis=1)) > room)


def energy(at: Any, neighbor: Listed | None = None, strength: Any = 1.0, **kwargs: Any) -> Any:
    """Soft spheres, from a list or over all pairs."""
    d = apart(at, **kwargs)
    listed = (
        jnp.ones(d.shape[:2], bool) if neighbor is None else jnp.zeros((len(at), len(at) + 1), bool).at[jnp.arange(len(at))[:, None], neighbor.idx].set(True)
    )
    pairs = listed[:, : len(at)] & ~jnp.eye(len(at), dtype=bool)
    r = jnp.sqrt(jnp.where(pairs, jnp.sum(d**2, axis=-1), 1.0))
    return 0.5 * strength * jnp.sum(jnp.where(pairs & (r < RANGE), (1 - r / RANGE) ** 3, 0.0))


def soft_spheres(fractional: bool, listed: bool) -> Any:
    rooms = {"lists": Lists, "cutoff": RANGE, "skin": SKIN} if listed else {}
    return foreign.ForeignPotential(energy, np.eye(3) * WIDTH, fractional=fractional, unit=2.0, parameters={"strength": jnp.asarray(1.5)}, **rooms)


@pytest.fixture
def gas() -> tuple[Any, Any]:
    return jnp.asarray(np.random.default_rng(1).random((40, 3)) * WIDTH), jnp.eye(3) * WIDTH


@pytest.mark.parametrize("fractional", [False, True])
@pytest.mark.parametrize("listed", [False, True])
def test_energy_forces_virial_and_parameters(gas: tuple[Any, Any], fractional: bool, listed: bool) -> None:
    (x, h), potential = gas, soft_spheres(fractional, listed)
    found = potential.neighbours(x, h)
    value, forces, virial = jax.jit(potential.energy_forces_virial)(x, h, found)
    assert float(value) == pytest.approx(2.0 * 1.5 * float(energy(x)), rel=1e-12)
    move, strain = np.random.default_rng(2).normal(size=x.shape), np.diag([1.0, -0.5, 0.3])
    step = 1e-5
    ahead, behind = (float(potential.energy(x + s * step * move, h, found)) for s in (1, -1))
    assert (ahead - behind) / (2 * step) == pytest.approx(-float(np.sum(forces * move)), rel=1e-6)
    ahead, behind = (float(potential.energy(x @ (np.eye(3) + s * step * strain), h @ (np.eye(3) + s * step * strain), found)) for s in (1, -1))
    assert (ahead - behind) / (2 * step) == pytest.approx(-float(np.sum(virial * strain)), rel=1e-6)
    assert float(potential.stress(x, h, found)[0, 0]) == pytest.approx(-float(virial[0, 0]) / WIDTH**3)
    slope = jax.grad(lambda s: potential.energy(x, h, found, {"strength": s}))(1.5)
    assert float(slope) == pytest.approx(float(value) / 1.5)


def test_lists_follow_the_atoms_and_tell_when_they_are_too_small(gas: tuple[Any, Any]) -> None:
    (x, h), potential = gas, soft_spheres(True, True)
    found = potential.neighbours(x, h)
    assert not bool(found.stale(x, h))
    assert not bool(found.stale(x.at[0, 0].add(0.58), h))
    assert bool(found.stale(x.at[0, 0].add(0.62), h))
    other = jnp.asarray(np.random.default_rng(5).random((40, 3)) * WIDTH)
    again = potential.neighbours(other, 1.1 * h, like=found)
    assert float(potential.energy(other, 1.1 * h, again)) == pytest.approx(2.0 * 1.5 * float(energy(other @ jnp.linalg.inv(1.1 * h), box=1.1 * h.T)), rel=1e-12)
    crowd = x.at[:].multiply(0.3)
    assert bool(potential.rebuilt(crowd, h, found).overflow)
    assert not bool(potential.neighbours(crowd, h, like=found).overflow)


def test_bad_requests_are_refused_with_the_reason(gas: tuple[Any, Any]) -> None:
    x, h = gas
    with pytest.raises(InputError, match="fractional=True"):
        soft_spheres(False, True).neighbours(x, 1.1 * h)
    with pytest.raises(InputError, match="no cutoff"):
        foreign.ForeignPotential(energy, np.eye(3), lists=Lists)


def test_jax_md_itself() -> None:
    jax_md = pytest.importorskip("jax_md", reason="jax-md is installed for benchmarks only")
    x, h = jnp.asarray(np.random.default_rng(1).random((60, 3)) * WIDTH), jnp.eye(3) * WIDTH
    displacement, _ = jax_md.space.periodic_general(WIDTH, fractional_coordinates=True)
    lists, function = jax_md.energy.soft_sphere_neighbor_list(displacement, WIDTH, sigma=2.0, dr_threshold=SKIN, fractional_coordinates=True)
    pairs = jax_md.energy.soft_sphere_pair(displacement, sigma=2.0)
    one = foreign.ForeignPotential(function, np.asarray(h), lists=lists, cutoff=2.0, skin=SKIN, fractional=True)
    other = foreign.ForeignPotential(pairs, np.asarray(h), fractional=True)
    found = one.neighbours(x, h)
    assert float(one.energy(x, h, found)) == pytest.approx(float(other.energy(x, h, other.neighbours(x, h))), rel=1e-12)
