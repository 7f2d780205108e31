"""What attention stands on over many documents: words, places, entropy."""
