"""Taken away and brought back: tables with notes, and their return onto other predictions."""
