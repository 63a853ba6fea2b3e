"""The HTTP API: what hoptrail knows, over ``/api/v1``, and a small page that shows it.

Reads the store and the live views through ``api/ports.py``; writes nothing. Started by ``hoptrail serve``.
"""
