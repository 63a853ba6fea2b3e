"""Nameko, recorded."""
