"""Celery with delays kept by the broker, recorded."""
