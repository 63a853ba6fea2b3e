"""What stands between hoptrail and a broker: looked at, judged, and what to do about it."""
