"""FastStream, recorded."""
