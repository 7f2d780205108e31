"""Explanation: what a model decided, and where its attention stood."""
