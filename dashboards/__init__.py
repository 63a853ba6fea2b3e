"""What hoptrail looks like in other programs' eyes: the objects that it brings along for them."""
