"""What the page Explore is made of.

* ``exploring``  what is shown: the text in question, its prediction and sentence bars
* ``reading``    its words
* ``whatif``     attention tampered with
* ``links``      a view as a link, and a link opened
* ``takeaway``   files to take away
"""
