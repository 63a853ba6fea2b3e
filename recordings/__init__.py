"""Traffic of real frameworks, recorded with what the applications themselves know of it.

``python -m recordings`` lists what can be recorded, ``python -m recordings NAME`` records it again: it installs the real
framework into a folder of its own below ``.run``, starts a private broker and hoptrail's collector, runs the scripts of
``recordings/NAME`` and writes ``tests/golden/dialects/NAME``. Nothing is installed beside hoptrail's own dependencies.
"""
