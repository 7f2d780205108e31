"""What the page Errors is made of, from the top of the page down.

* ``choices``         the pickers, and the scored documents that they lead to (``scored``)
* ``links``           where one is as an address, and an address opened
* ``filters``         the filter: every panel reads and changes it there
* ``chips``           the bar that shows it (``adding``, ``picking_slices``)
* ``views``           the views, of which one runs; each is given a ``bench``

The views: ``ways`` (``matrix``, ``linked``), ``table`` (``columns``, ``place``), ``reading``
(``keys``, ``coding``, ``noting``, ``others``, ``neighbours``); ``slices``; ``attended``
(``dataset_evidence``); ``suspects``; ``pair``; ``codebook`` (``agreement``); ``takeaway``
(``collected``, ``made``, ``bringing_back``). ``cached`` is what is kept for everybody.
"""
