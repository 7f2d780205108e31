"""A data set through a model, in parts, on many cores or machines.

``run.score_corpus`` is the way in, ``table`` says what a part holds, ``stored`` reads it back.
"""
