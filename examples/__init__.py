"""Small real systems for hoptrail to observe, and the broker they run on.

The demo, the documentation and the end-to-end tests use them.
Nothing in the product imports them, apart from the demo command.
"""
