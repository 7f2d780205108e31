"""Hanscope: how hierarchical and recurrent attention models decide.

The map. A document travels

    text → tokens → tensors → model → attention → evidence → figure → page

and each room imports only rooms that stand before it in this list:

* ``wrong_input``   the one exception for input that cannot be used
* ``places``        where runs, prepared data and uploads are kept
* ``lock``          who lives: locks that go with the process that holds them
* ``device``        which devices there are, and how to name one
* ``text``          document, tokenizer, vocabulary, batch
* ``corpora``       labelled documents from files, the hub and the bundle
* ``models``        attention pooling, HAN, BiLSTM, checkpoint
* ``detached``      long work in a process of its own
* ``planning``      settings of a run, presets, what it will cost
* ``preparation``   which documents, split into words, numbered, kept on disk
* ``training``      batches, run, train, resume, evaluate
* ``explanation``   explain: the function to read first
* ``evidence``      how far attention tells about a decision, measured
* ``scoring``       a data set through a model, in parts, on many cores or machines
* ``coding``        what people say of documents: codebook, tags, notes, agreement
* ``errors``        scored documents filtered, counted, compared and taken away
* ``runs``          a training run as a process of its own: queue, log, frames, archive
* ``figures``       data in, a plotly figure or HTML out
* ``sharing``       links, kept documents, tables to take away, cards of checkpoints
* ``__main__``      the command line

Nothing in here imports Streamlit; the pages do.
"""

import os

# Threads of torch that wait must sleep: spinning, they take the cores from everybody else on a
# busy machine (an LSTM pass became 13 times slower beside two other processes on two cores).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
