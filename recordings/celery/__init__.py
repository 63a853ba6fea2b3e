"""Celery, recorded."""
