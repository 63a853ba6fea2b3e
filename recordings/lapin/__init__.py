"""lapin, recorded."""
