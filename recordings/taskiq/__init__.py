"""Taskiq, recorded."""
