"""The store in memory: for tests and for runs that need not survive their process. It passes the same contract."""
