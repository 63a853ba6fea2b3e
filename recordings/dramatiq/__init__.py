"""Dramatiq, recorded."""
