"""kombu, recorded."""
