"""A filter as a value, what it leaves, in which order, and one document of it."""
