"""Bunny, recorded."""
