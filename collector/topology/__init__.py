"""What is declared and connected on the broker, from its events and from snapshots. Pure."""
