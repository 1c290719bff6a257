"""Structures from data: reverse Monte Carlo, hybrid, energy Monte Carlo, EPSR and FEAR under one driver."""
