"""What the pages are made of.

Every page:

* ``page``, ``kept``, ``hook``    how a page begins, what is carried to the next, test ids
* ``controls``, ``texts``, ``echo``  the pickers, the text in question, and late browsers
* ``quotas``, ``turns``, ``class_mode``  many visitors on one server
* ``loaded``, ``cached``, ``files``  what is loaded once and kept between reruns, for everybody
* ``heatmap``, ``figure_export``  the two components
* ``drawing``, ``strip``          an explanation on the page, and the evidence under it
* ``card``                        what is known of a checkpoint
* ``wording``, ``saying``         the sentences beside widgets, and beside experiments
* ``asking``, ``labelled``        edits and experiments asked for, and labelled documents

Each page has a folder with a map of its own: ``explore``, ``compare``, ``errors`` and
``training``.

Only here is there session state, and only the files ``loaded``, ``cached`` and
``files`` hold caches. A page shows its title before torch, spaCy or Plotly are read, so
they are imported inside functions.
"""
