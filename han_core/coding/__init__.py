"""What people say of documents, in a database: codebook, tags, notes, flags, agreement.

* ``marks``      which documents are marked: what filters ask, without a database
* ``wording``    names, notes and colours as the database takes them
* ``schema``     the tables
* ``database``   SQLite or PostgreSQL, opened, brought up to date, read and written
* ``upgrading``  an older schema made the present one (``migrations``)
* ``history``    who changed what and when; every write leaves a line there
* ``codebook``   the tags that there are: made, renamed, retired, merged
* ``writing``    one annotator tags, notes and flags one document
* ``said``       what all annotators said of documents
* ``marked``     all marks at this moment
* ``findings``   the same as columns of a table that is taken away
* ``bringing``   findings brought back from such a table
* ``slices``     filters saved under a name
* ``agreement``  of two annotators, tag by tag: Cohen's kappa

One row belongs to one annotator, and one writer writes at a time, so nobody overwrites what
another one wrote. Every function raises ``WrongInput`` with one sentence where the database is
locked, unreachable, damaged or of a newer Hanscope; nothing of such a call is written then.
"""
