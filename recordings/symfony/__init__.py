"""Symfony Messenger, recorded."""
