"""The command line: settings, wiring, commands. The only package that reads the environment and constructs adapters."""
