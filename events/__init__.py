"""The vocabulary of the log: facts, envelopes, blocks, and the identities derived from them.

Pure: nothing here reads a clock, an environment, a file or a socket.
"""
