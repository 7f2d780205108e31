"""Labels looked at again: suspects in order, and the nearest training documents."""
