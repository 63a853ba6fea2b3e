"""The plain Java client, recorded."""
