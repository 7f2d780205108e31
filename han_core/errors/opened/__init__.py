"""Scored documents open for questions: narrow columns in memory, the rest on disk."""
