"""Random numbers from a key and a counter alone, the very ones of ``native/random.hpp``: Philox4x32-10 (doi 10.1145/2063384.2063405).

What an atom gets depends on seed, step and atom, so that a run is the same after a restart and in any batch.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

_FACTORS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_FEW = 64
"""Counters drawn for the whole system in one step: 256 numbers, where three would mostly do."""


def key(seed: int) -> Array:
    """Of a seed ``(2,)``."""
    return jnp.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], dtype=jnp.uint32)


def atom_normals(key: Array, step: Array, n_atoms: int) -> Array:
    """Three normal deviates for each atom ``(n_atoms, 3)``, in single precision."""
    words = _philox(key, jnp.arange(n_atoms, dtype=jnp.uint32), step, purpose=0)
    x, y = _normal_pair(words[0], words[1])
    z, _ = _normal_pair(words[2], words[3])
    return jnp.stack([x, y, z], axis=1)


class Stream(NamedTuple):
    """The few numbers that a whole system needs in one step."""

    numbers: Array
    """Between 0 and 1, never 0."""
    used: Array


def stream(key: Array, step: Array) -> Stream:
    """Of one step; its numbers are in the widest floats there are."""
    words = jnp.stack(_philox(key, jnp.arange(_FEW, dtype=jnp.uint32), step, purpose=1), axis=1).ravel()
    return Stream((words.astype(jnp.result_type(float)) + 0.5) * 2.0**-32, jnp.zeros((), jnp.int32))


def normal(s: Stream) -> tuple[Stream, Array]:
    """A normal deviate (Box and Muller 1958, doi 10.1214/aoms/1177706645)."""
    radius = jnp.sqrt(-2 * jnp.log(s.numbers[s.used]))
    return Stream(s.numbers, s.used + 2), radius * jnp.cos(2 * math.pi * s.numbers[s.used + 1])


def chi_squared(s: Stream, n: float) -> Array:
    """Sum of the squares of ``n`` ≥ 2 normal deviates, by a gamma deviate (Marsaglia and Tsang 2000, doi 10.1145/358407.358414)."""
    d = 0.5 * n - 1 / 3
    c = 1 / math.sqrt(9 * d)

    def trial(carried: tuple[Stream, Array, Array]) -> tuple[Stream, Array, Array]:
        s, x = normal(carried[0])
        v = (1 + c * x) ** 3
        possible = v > 0
        u = s.numbers[s.used]
        taken = possible & (jnp.log(u) < 0.5 * x * x + d - d * v + d * jnp.log(jnp.where(possible, v, 1.0)))
        return Stream(s.numbers, s.used + jnp.where(possible, 1, 0)), v, taken

    def again(carried: tuple[Stream, Array, Array]) -> Array:
        return ~carried[2] & (carried[0].used < 4 * _FEW - 3)

    return 2 * d * lax.while_loop(again, trial, trial((s, jnp.zeros(()), jnp.zeros((), bool))))[1]


def _philox(key: Array, counter: Array, step: Array, purpose: int) -> list[Array]:
    """Four words for each counter."""
    zero = jnp.zeros_like(counter)
    words = [counter, zero + step.astype(jnp.uint32), zero, zero + jnp.uint32(purpose)]
    keys = [key[0], key[1]]
    for _ in range(10):
        a, c = words[0], words[2]
        high_a, low_a = _product(a, _FACTORS[0])
        high_c, low_c = _product(c, _FACTORS[1])
        words = [high_c ^ words[1] ^ keys[0], low_c, high_a ^ words[3] ^ keys[1], low_a]
        keys = [k + np.uint32(weyl) for k, weyl in zip(keys, _WEYL, strict=True)]
    return words


def _product(a: Array, factor: int) -> tuple[Array, Array]:
    """High and low word of a product of 32-bit words, where there need be no 64-bit ones."""
    high, low = np.uint32(factor >> 16), np.uint32(factor & 0xFFFF)
    upper, lower = a >> 16, a & np.uint32(0xFFFF)
    middle = upper * low + ((lower * low) >> 16)
    other = lower * high + (middle & np.uint32(0xFFFF))
    return upper * high + (middle >> 16) + (other >> 16), a * np.uint32(factor)


def _normal_pair(a: Array, b: Array) -> tuple[Array, Array]:
    """Two normal deviates from 64 random bits (Box and Muller)."""
    u = ((a >> 1).astype(jnp.float32) + np.float32(0.5)) * np.float32(2.0**-31)
    radius = jnp.sqrt(jnp.maximum(-2 * jnp.log(u), 0))
    angle = b.astype(jnp.int32).astype(jnp.float32) * np.float32(2 * math.pi * 2.0**-32)
    return radius * jnp.cos(angle), radius * jnp.sin(angle)
