"""How atoms move: displacements, time correlations, vibrations."""
