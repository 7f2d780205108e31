"""A digest of labelled documents, by which two runs can tell whether they had the same ones.

It knows nothing about where they come from.
"""

from hashlib import sha256

from han_core.corpora.corpus import Corpus


def fingerprint(corpus: Corpus) -> str:
    """SHA-256 of texts and labels in their order, in hexadecimal digits."""
    digest = sha256()
    for cells in (corpus.texts, corpus.labels):
        for cell in cells:
            content = cell.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
