"""What differs between two versions: as JSON, as a page, in the terminal."""
