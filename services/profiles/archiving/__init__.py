"""Taking a profile out of use, and back: nothing is ever deleted."""
