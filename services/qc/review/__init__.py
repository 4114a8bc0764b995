"""What people do with finished analyses: read, override, run again, compare, count how reliable."""
