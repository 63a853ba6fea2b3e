"""Proofs that need what takes minutes to make; ``make test-matrix`` runs them, ``make test`` does not."""
