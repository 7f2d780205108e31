"""What the page Compare is made of.

* ``comparing``             what is compared
* ``choices``, ``versions`` models, methods, or two versions of a text
* ``panels``, ``figures``   each beside the others, and how far they agree
* ``difference``            where they differ
* ``sentences``             what is said about it
"""
