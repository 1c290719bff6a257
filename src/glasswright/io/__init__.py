"""Readers and writers: structures, curves, run directories."""
