"""The taps on a broker: what to tap, how it is opened, aligned with the log, and mended when a message stops it."""
