"""Hanscope: how hierarchical and recurrent attention models decide.

A document travels

    text → tokens → tensors → model → attention → evidence → figure → page

through eight rooms. Each imports only rooms above it in this list, and the fifth and the sixth
stand side by side: neither imports the other.

* ``runtime``      errors, paths, devices, locks, jobs, files written whole
* ``text``         document, tokenizer, vocabulary, batch, edits, word vectors
* ``data``         labelled documents from files, the hub and the bundle; splits, labels
* ``models``       registry, attention, HAN, BiLSTM, prediction, checkpoints
* ``explanation``  explain (the function to read first), and evidence for what attention shows
* ``training``     settings, estimate, trainer, resume; runs in processes of their own
* ``analysis``     scored data sets: filters, metrics, model pairs, annotations, export
* ``viz``          charts, heatmap, reports, model cards, links

``cli`` and ``__main__`` are the command line over them. Nothing in here imports Streamlit;
the pages do.
"""

import os

# Threads of torch that wait must sleep: spinning, they take the cores from everybody else on a
# busy machine (an LSTM pass became 13 times slower beside two other processes on two cores).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
