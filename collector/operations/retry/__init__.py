"""Retries, carried out by the leader: it publishes, proves and records; see ``executor.py``."""
