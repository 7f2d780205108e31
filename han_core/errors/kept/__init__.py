"""Scores and documents that are kept on disk: found, made in the background, forgotten."""
