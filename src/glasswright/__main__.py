"""``python -m glasswright`` is the command line."""

from .cli import main

main()
