"""The differentiable engine: force fields as pure functions of positions, cell and parameters, in JAX.

This file imports no JAX, so that its absence can be told; everything beside it does.
"""

from __future__ import annotations

from importlib.util import find_spec


def without_jax() -> str | None:
    """None where JAX is installed, else how to get it."""
    return None if find_spec("jax") else "Derivatives and the engine jax need JAX, which is not installed: pip install 'glasswright[jax]'."
