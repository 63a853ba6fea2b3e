"""The web UI in a real browser, served by a real hoptrail that watches a real system."""
