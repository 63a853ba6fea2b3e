"""Where events and what is derived from them are kept: ports, the documents they carry, and one folder per adapter."""
