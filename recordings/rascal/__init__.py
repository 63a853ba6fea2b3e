"""Rascal, recorded."""
