"""Scenarios whose truth is known, recorded from real services on a real broker, and the score of the links drawn in them.

``python -m tests.corpus`` lists the scenarios, ``python -m tests.corpus NAME...`` (or ``all``) records them again into
``tests/corpus/recorded``; ``python -m tests.corpus score`` prints the score and writes its tables into the page on links.
"""
