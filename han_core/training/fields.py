"""Every setting of a run as a form shows it: description, kind and limits.

Kinds, limits and defaults are read from the settings themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import TextConfig
from han_core.runtime.messages import mark
from han_core.training.settings import COMPUTED, Settings

Kind = Literal["whole number", "number", "switch", "choice", "text", "names"]  # not shown
Group = Literal["settings", "sizes", "text", "decided"]

EXPLAINED = {
    "epochs": mark("Passes over the training documents."),
    "seed": mark("Draws what is held out, the first weights, the order and dropout."),
    "batch_tokens": mark("Words in one batch; 8,000 unless said, or of little data a thirtieth."),
    "learning_rate": mark("How far a step goes at most, after warm-up."),
    "warmup": mark("Share of all steps over which the learning rate rises."),
    "schedule": mark("How the learning rate falls after warm-up."),
    "weight_decay": mark("Pulls weights towards zero, the decay of AdamW."),
    "clip": mark("Longest gradient that a step follows; longer ones are shortened."),
    "accumulation": mark("Batches that make one step."),
    "mixed_precision": mark(
        "Half precision on a GPU; auto takes bf16 where there is one that has it."
    ),
    "patience": mark(
        "Epochs with neither a better validation result nor a lower loss before it stops."
    ),
    "keep": mark("What decides the best epoch; of equals the lower loss does."),
    "crop": mark(
        "Tokens of a longer document that a step reads: a random run of them. All without."
    ),
    "word_dropout": mark("Share of words that training replaces by the unknown word."),
    "adversarial": mark(
        "How far words' vectors are shifted to raise the loss, which is learnt too; 0: not."
    ),
    "virtual_adversarial": mark(
        "The same where the prediction changes most, without labels; 0: not."
    ),
    "attention_guide": mark(
        "How strongly attention learns to rank words by what they add to the decision; 0: not."
    ),
    "guide_against": mark(
        "What a word against the decision counts in that guide, 1 being one for it; −1: it is last."
    ),
    "pretrain": mark(
        "Passes in which the word encoder first learns to predict neighbouring words; 0: none."
    ),
    "average": mark("Decay of an average of the weights over the steps; 0 keeps the last ones."),
    "start_share": mark(
        "Share of the weights of the checkpoint it starts from in those kept; 0: none."
    ),
    "vectors": mark("File of pretrained word vectors, as text or of word2vec."),
    "freeze_vectors": mark("Leave the word vectors as they are."),
    "minimum_count": mark("Times that a word stands in the training texts to be known."),
    "maximum_size": mark("Words in the vocabulary at most."),
    "weights": mark(
        "Precision of the weights on disk; float16 halves the file, int8 nearly quarters it."
    ),
    "label_names": mark("Names of the classes in order, with commas between."),
    "rate_words": mark("Times the learning rate for the word level: embedding and word encoder."),
    "rate_sentences": mark("Times the learning rate for the sentence level of a HAN."),
    "rate_classifier": mark(
        "Times the learning rate for the last layer, and the attention before it."
    ),
    "start_from": mark("Checkpoint whose words, sizes and weights the run starts from."),
    "freeze_words": mark("Leave the word level of that checkpoint as it is."),
    "teachers": mark(
        "Who labels the unlabelled documents: nb-svm, tf-idf, checkpoints, with commas; or none."
    ),
    "stretches": mark(
        "Runs of clauses drawn of each training document, for the teachers to label too."
    ),
    "domain_weight": mark(
        "Weight of the reversed domain gradient; 0 adapts nothing and measures only."
    ),
    "domain_schedule": mark("Rising: from 0, most of it in the first half of the run."),
    "domain_units": mark("Hidden units of the domain classifier."),
    "domain_steps": mark("Steps of the domain classifier in each step of the model."),
    "rate_domain": mark("Times the learning rate for the domain classifier."),
    "save_seconds": mark(
        "Seconds between two savings within an epoch; 0 saves after epochs alone."
    ),
    "model": mark(
        "HAN reads words, then sentences; BiLSTM, one row; Transformer, words see words."
    ),
    "attention": mark("How a word's or sentence's score is computed from its state."),
    "vocabulary_size": mark("Words that the model knows; the texts decide it."),
    "classes": mark("Classes to tell apart; the labels decide it."),
    "embedding": mark("Numbers in the vector of a word."),
    "hidden": mark("Recurrent units in each direction; in a Transformer the numbers of a state."),
    "attention_size": mark("Units of additive attention."),
    "layer_norm": mark("Bring each state to mean 0 and spread 1 before attention."),
    "dropout_words": mark("Share of the word vectors' numbers that training leaves out."),
    "dropout_sentences": mark(
        "Share of the sentence vectors' numbers that training leaves out (HAN)."
    ),
    "dropout_document": mark("Share of the document vector's numbers that training leaves out."),
    "attention_noise": mark("Spread of random noise on attention scores in training."),
    "layers": mark("Layers, one on top of another; at equal time one was best for HAN and BiLSTM."),
    "heads": mark("Attentions side by side in a layer; they divide the state evenly."),
    "feedforward": mark("Units between the two maps of a layer, as a multiple of the state."),
    "attention_pattern": mark(
        "Full: all words of a document; local: a window; sliding: also the first."
    ),
    "window": mark("Words seen on each side in local attention; for a base, pieces read together."),
    "global_tokens": mark("First words of a document that all words see in sliding attention."),
    "pooling": mark(
        "How states become a document's vector: by attention, their mean, or the first one."
    ),
    "positions": mark("Sinusoids of any length, or learnt vectors; then longer documents are cut."),
    "maximum_positions": mark("How many learnt positions there are."),
    "dropout_layers": mark(
        "Share of what a layer gives that training leaves out; in a HAN or BiLSTM between layers."
    ),
    "dropout_attention": mark("Share of the self-attention weights that training leaves out."),
    "base": mark("Pretrained encoder: a folder, package:NAME, or its name on the hub."),
    "base_sha256": mark("Checksum of the base; its weights decide it."),
    "tune": mark("What of the base is trained: all, none, upper:LAYERS, or low rank, lora:RANK."),
    "overlap": mark("Pieces that neighbouring windows of a long document have in common at least."),
    "language": mark("Language of the texts, which decides how words are split: en, zh, de, …"),
    "lowercase": mark("Read words in lower case."),
    "segmentation": mark(
        "What a word is: by the language, or each Chinese, Japanese or Thai character."
    ),
    "tokenizer_version": mark(
        "Rules by which words and sentences end; 1 is that of older checkpoints."
    ),
    "maximum_tokens": mark("Words of a document that are read; the rest is cut."),
}
"""One line for each field of ``Settings``, ``Architecture`` and ``TextConfig``."""


@dataclass(frozen=True)
class Field:
    """One setting.

    Attributes:
        group: whose it is: of training, of the model's sizes, of the text, or decided by
            the picker of models and the data.
        line: what it is for, a sentence.
        default: None where there is none.
        least, most: limits; None where there is none.
        open_least, open_most: whether the limit itself is already out of range.
        choices: what it may be, of a choice.
        optional: whether it may be left empty.
    """

    name: str
    group: Group
    line: str
    kind: Kind
    default: object
    least: float | None = None
    most: float | None = None
    open_least: bool = False
    open_most: bool = False
    choices: tuple[str, ...] = ()
    optional: bool = False


@cache
def setting_fields() -> Mapping[str, Field]:
    """Every field of ``Settings``, ``Architecture`` and ``TextConfig`` by its name."""
    groups: tuple[tuple[Group, type[BaseModel]], ...] = (
        ("settings", Settings),
        ("sizes", Architecture),
        ("text", TextConfig),
    )
    fields = {
        name: _field(name, "decided" if name in COMPUTED else group, schema)
        for group, kind in groups
        for name, schema in kind.model_json_schema()["properties"].items()
    }
    return MappingProxyType(fields)


def _field(name: str, group: Group, schema: dict) -> Field:
    possible = schema.get("anyOf", [schema])
    value = next(kind for kind in possible if kind["type"] != "null")
    return Field(
        name,
        group,
        EXPLAINED[name],
        "choice" if "enum" in value else _KINDS[value["type"]],
        schema.get("default"),
        value.get("minimum", value.get("exclusiveMinimum")),
        value.get("maximum", value.get("exclusiveMaximum")),
        "exclusiveMinimum" in value,
        "exclusiveMaximum" in value,
        tuple(value.get("enum", ())),
        len(possible) > 1,
    )


_KINDS: dict[str, Kind] = {
    "integer": "whole number",  # not shown
    "number": "number",
    "boolean": "switch",
    "string": "text",
    "array": "names",
}
