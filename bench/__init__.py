"""Benchmarks: every figure is a ratio to a baseline measured in the same run, in alternating pairs.

``python -m bench`` runs them all and writes ``docs/benchmarks.md`` and ``docs/benchmarks.json``.
"""
