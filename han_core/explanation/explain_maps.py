"""An explanation with its maps of attention: every layer and head, and the levels of a HAN."""

from dataclasses import replace

import numpy as np
import torch

from han_core.explanation.attention_map import (
    SENTENCES,
    WORDS,
    AttentionMap,
    places_of,
    window_maps,
)
from han_core.explanation.explain import threads_for
from han_core.explanation.explanation import Explanation
from han_core.models.checkpoint import Checkpoint
from han_core.models.self_attention import AttentionWindow, MapRequest
from han_core.text.batch import collate
from han_core.text.document import Document


def with_maps(checkpoint: Checkpoint, explanation: Explanation) -> Explanation:
    """Return the explanation with a map for each level, and for self-attention where there is."""
    maps = level_maps(explanation, checkpoint.kind.hierarchical)
    if checkpoint.kind.maps:
        document = explanation.document
        owner, windows = checkpoint.number(document).owner, record_windows(checkpoint, document)
        maps += window_maps(windows, document.tokens, checkpoint.special, owner)
    return replace(explanation, maps=maps)


def record_windows(checkpoint: Checkpoint, document: Document) -> tuple[AttentionWindow, ...]:
    """Return the document's self-attention as the model gives it, without gradients.

    Windows count what the model reads: tokens, or pieces of them.
    """
    batch = collate([checkpoint.number(document)]).to(checkpoint.device)
    with torch.inference_mode(), threads_for(len(batch.words)):
        return checkpoint.model(batch, maps=MapRequest()).windows


def level_maps(explanation: Explanation, hierarchical: bool) -> tuple[AttentionMap, ...]:
    """Return an explanation's weights as maps: of a HAN two, of a flat model one.

    Args:
        hierarchical: whether the model has an attention over sentences.
    """
    document = explanation.document
    tokens = places_of(document.tokens)
    sentences = tuple((sentence.start, sentence.end) for sentence in document.sentences)
    whole = ((sentences[0][0], sentences[-1][1]),)
    if not hierarchical:
        weights = explanation.document_weights[None, None, None]
        return (AttentionMap(WORDS, "sentence", "token", whole, tokens, weights),)
    words = np.zeros((len(sentences), len(tokens)))
    words[explanation.sentence_of_token, np.arange(len(tokens))] = explanation.word_weights
    over = explanation.sentence_weights[None, None, None]
    return (
        AttentionMap(WORDS, "sentence", "token", sentences, tokens, words[None, None]),
        AttentionMap(SENTENCES, "sentence", "sentence", whole, sentences, over),
    )
