"""The active pointer: moving it at once or at an instant, and where it was when."""
