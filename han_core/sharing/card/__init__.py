"""What a checkpoint is, what it reached and where it is weak: a card for each folder.

* ``content``    ``card.json``: what was measured for the card, checked when it is read
* ``known``      what the folder says of itself: ``config.json`` and ``metrics.json``
* ``measured``   weaknesses, faithfulness and speed, measured
* ``rivals``     figures of other models, from a file
* ``section``    what a card is made of, and how figures stand in it
* ``findings``   the sections about what was measured
* ``sections``   all of them, in sentences and tables, for the page and for the README alike
* ``readme``     the sections as ``README.md``, with the lines that model hubs read
"""
