"""Two models on one data set: what changed, whether by chance, and where attention moved."""
