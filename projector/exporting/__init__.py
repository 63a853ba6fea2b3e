"""The shell of the export over OTLP: spans into the wire format, requests to a receiver, and the role that does both."""
