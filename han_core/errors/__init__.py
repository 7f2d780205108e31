"""Errors: what a model gets wrong on labelled documents."""
