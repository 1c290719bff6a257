"""Which build of the compiled core runs on this machine."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from types import ModuleType

from ..errors import InputError, MissingDependency

VARIABLE = "GLASSWRIGHT_INSTRUCTION_SET"
"""Environment variable that forces a build: ``baseline``, ``avx2`` or ``avx512``."""


def instruction_sets() -> list[str]:
    """Instruction sets of this processor for which the core may be built, slowest first."""
    found: list[str] = _load("_cpu").instruction_sets()
    return found


@cache
def core() -> ModuleType:
    """The compiled core: the build for the best instruction set of this processor, or the one that ``GLASSWRIGHT_INSTRUCTION_SET`` names.

    Raises
    ------
    InputError
        If the variable names an instruction set that does not exist or that this processor lacks.
    MissingDependency
        If the core is not built.
    """
    known, wanted = instruction_sets(), os.environ.get(VARIABLE)
    if wanted is None:
        for name in reversed(known[1:]):
            try:
                return import_module(f"._core_{name}", __package__)
            except ImportError:
                continue
        return _load("_core_baseline")
    if wanted not in known:
        raise InputError(f"{VARIABLE} asks for {wanted!r}.", f"This processor can run {', '.join(known)}.", "Unset the variable to have the best one chosen.")
    return _load(f"_core_{wanted}")


def without_core() -> str | None:
    """None where the core is built, else what is missing and how to get it."""
    try:
        core()
    except MissingDependency as error:
        return str(error)
    return None


def _load(name: str) -> ModuleType:
    try:
        return import_module(f".{name}", __package__)
    except ImportError as error:
        raise MissingDependency(
            "The compiled part of glasswright (glasswright.native) is not built.",
            f"Python says: {error}.",
            "Install a C++20 compiler (Debian: apt install g++) and type `pip install .` in the source folder.",
        ) from error
