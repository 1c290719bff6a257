"""What a diffraction experiment sees: S(Q), its transforms, and curves as an instrument would have measured them."""
