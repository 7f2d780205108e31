"""Figures of what a filter leaves: performance, calibration, slices, suspect labels."""
