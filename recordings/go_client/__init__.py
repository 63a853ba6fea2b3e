"""The Go client, recorded."""
