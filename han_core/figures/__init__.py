"""Figures: explanations and predictions in, a Plotly figure or HTML out."""
