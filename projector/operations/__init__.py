"""What operators ask for, worked out before anything is done."""
