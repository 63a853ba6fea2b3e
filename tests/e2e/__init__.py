"""hoptrail as users run it, beside a real broker and a real system."""
