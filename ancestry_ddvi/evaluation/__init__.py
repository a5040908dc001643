"""How good coordinates and models are: metrics, each a function of arrays."""
