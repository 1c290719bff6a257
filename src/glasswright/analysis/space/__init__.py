"""How atoms fill space: Voronoi cells, order parameters, cavities, topology."""
