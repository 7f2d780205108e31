"""What the pages are made of.

* ``page``       how every page begins, and how wrong input is shown
* ``kept``       what people chose and typed, carried from page to page
* ``controls``   the pickers that pages share
* ``labelled``   the choice of a labelled data set, uploads included
* ``filtering``  which part of the errors is shown
* ``cached``     what is kept between reruns, for everybody
* ``drawing``    an explanation on the page
* ``comparing``  several explanations in panels and tables
* ``hook``       test ids on containers
* ``wording``    the sentences beside the widgets

Only here is there session state, and only ``cached`` holds caches. A page
shows its title before torch, spaCy or Plotly are read, so they are imported
inside functions.
"""
