"""Pairs of atoms: g(r), neighbours, bond lengths."""
