"""The compiled core as an engine."""

from .engine import NativeEngine

__all__ = ["NativeEngine"]
