"""From a composition to atoms in a periodic box: geometry only; the push-off belongs to the protocol."""

from .distances import minimum_distance as minimum_distance
from .random_packing import pack as pack

__all__ = ["minimum_distance", "pack"]
