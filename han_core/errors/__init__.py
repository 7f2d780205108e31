"""Error analysis: scored documents filtered, counted, compared and taken away.

Each folder imports only folders that stand before it:

* ``kept``      scores and documents on disk: found, made in the background, forgotten
* ``opened``    a scored data set open for questions: narrow columns in memory, the rest on disk
* ``measured``  figures of what a filter leaves: performance, calibration, slices, suspects
* ``asked``     a filter as a value, what it leaves, in which order, and one document of it
* ``pairs``     two models on one data set
* ``words``     what attention stands on over many documents
* ``labels``    labels looked at again: suspects, and the nearest training documents
* ``taken``     tables with notes to take away, and their way back
"""
