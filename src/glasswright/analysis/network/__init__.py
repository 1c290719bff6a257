"""How atoms are bonded: angles, coordination, Qn, rings."""
