"""Sourced tables: force fields, densities and other measurements, scattering data."""
