"""Tap deliveries become facts: pure, and total."""
