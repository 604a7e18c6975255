"""How right the eye is on clips and people that it was not made for: `make robust`, `make openset`."""
