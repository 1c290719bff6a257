"""Protocols: settings → stages, and the checks between them."""
