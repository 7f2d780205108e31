"""A training run as a process of its own, that outlives whoever began it.

A run is a folder: ``config.json`` (``plan``), ``events.jsonl`` (``log``), ``lock`` and
``ticket`` (``lock``, ``queue``), ``cancel`` (it is asked to stop), ``stderr.log``,
``frames.jsonl``, and ``checkpoint/``. ``manage`` begins, stops, resumes and lists runs,
``worker`` is the process, ``view`` says where one stands, ``publish`` makes a run a
checkpoint that every page offers, ``archive`` makes a zip that somebody brought a run.
``frames`` keeps how attention forms in ``frames.jsonl``, and ``film`` reads it.
"""
