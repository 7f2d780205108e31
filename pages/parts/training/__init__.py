"""What the page Train is made of.

* ``switching``           new run or runs, and which run the address names
* ``picking``, ``hub``    where the documents come from
* ``dividing``            which of them are for training, validation and test
* ``teaching``            documents without labels, and who labels them
* ``looking``             what they are like
* ``news``                the form of a new run
* ``filling``, ``fields`` model, preset and every setting
* ``origin``              to start from an existing checkpoint
* ``watching``            documents whose attention is kept
* ``starting``            name, device, estimate, Start
* ``table``, ``several``  all runs, and some of them side by side
* ``live``, ``acting``    one run: how it goes, and what can be done with it
* ``courses``             its curves, and those of several over one another
* ``film``                how its attention formed
* ``archive``             a run as a zip
* ``cached``, ``saying``  what is kept for everybody; the sentences

Only ``cached`` holds caches. Nothing here trains, or reads a whole file, in the
server: runs are processes of their own, and files are read in child processes.
"""
