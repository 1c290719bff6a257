"""Rings by their definitions in plain Python: every path is walked, every distance looked up, every ring compared with all others."""

from __future__ import annotations

from collections import Counter

import numpy as np


class Network:
    """Atoms as (index, shift), bonds from NeighbourPairs or Bonds."""

    def __init__(self, bonds, counted):
        self.bonds = {}
        for i, j, shift in zip(bonds.first.tolist(), bonds.second.tolist(), bonds.shifts.tolist(), strict=True):
            self.bonds.setdefault(i, []).append((j, tuple(shift)))
        self.counted = np.asarray(counted)

    def neighbours(self, node):
        atom, (x, y, z) = node
        return [(j, (x + a, y + b, z + c)) for j, (a, b, c) in self.bonds.get(atom, [])]

    def centres(self):
        return [(i, (0, 0, 0)) for i in sorted(self.bonds) if self.counted[i]]

    def distances(self, start, reach, without=lambda a, b: False):
        """Distance of every atom within reach, in a network without some of its bonds."""
        found, front = {start: 0}, [start]
        for d in range(1, reach + 1):
            front = [w for v in front for w in self.neighbours(v) if not without(v, w)]
            front = [w for w in dict.fromkeys(front) if w not in found]
            found.update(dict.fromkeys(front, d))
        return found

    def shortest_paths(self, start, end, longest, without):
        """All shortest paths from start to end of at most so many bonds."""
        distance = self.distances(start, longest, without)
        if end not in distance:
            return []
        paths = [[end]]
        while paths[0][-1] != start:
            paths = [[*p, w] for p in paths for w in self.neighbours(p[-1]) if distance.get(w) == distance[p[-1]] - 1 and not without(p[-1], w)]
        return paths

    def size(self, ring):
        return sum(bool(self.counted[atom]) for atom, _ in ring)


def canonical(ring):
    """The same for a ring wherever it begins, whichever way it runs and by whatever cell vector it is moved."""
    forms = []
    for _, origin in ring:
        moved = [(atom, tuple(a - b for a, b in zip(shift, origin, strict=True))) for atom, shift in ring]
        forms.append(tuple(sorted(tuple(sorted(pair)) for pair in zip(moved, moved[1:] + moved[:1], strict=True))))
    return min(forms)


def king(network, max_length):
    for centre in network.centres():
        neighbours = network.neighbours(centre)
        for k, first in enumerate(neighbours):
            for second in neighbours[:k]:
                for path in network.shortest_paths(first, second, max_length - 2, lambda a, b, c=centre: c in (a, b)):
                    yield [centre, *path]


def guttman(network, max_length):
    for centre in network.centres():
        for other in network.neighbours(centre):
            yield from network.shortest_paths(centre, other, max_length - 1, lambda a, b, e={centre, other}: {a, b} == e)


def primitive(network, max_length):
    half = max_length // 2
    near = {i: network.distances((i, (0, 0, 0)), half) for i in network.bonds}

    def between(a, b):
        return near[a[0]].get((b[0], tuple(y - x for x, y in zip(a[1], b[1], strict=True))), half + 1)

    def is_primitive(ring):
        n = len(ring)
        return all(between(ring[p], ring[q]) >= min(q - p, n - q + p) for q in range(n) for p in range(q))

    def walk(path):
        for w in network.neighbours(path[-1]):
            if w == path[0] and len(path) > 2:
                if is_primitive(path):
                    yield list(path)
            elif w not in path and len(path) + between(w, path[0]) <= max_length:
                yield from walk([*path, w])

    for centre in network.centres():
        yield from walk([centre])


SEARCHES = {"king": king, "guttman": guttman, "primitive": primitive}


def count_rings(bonds, counted, definition, max_length):
    """Size in counted atoms → number of different rings."""
    network = Network(bonds, counted)
    different = {canonical(ring): network.size(ring) for ring in SEARCHES[definition](network, max_length)}
    return dict(sorted(Counter(different.values()).items()))
