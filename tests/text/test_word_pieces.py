from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from han_core.runtime.errors import UserError
from han_core.text.document import Span
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import UNKNOWN
from han_core.text.word_pieces import piece_owners, read_word_pieces
from tests.pretrained import need_transformers, write_base


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    return read_word_pieces(write_base(tmp_path_factory.mktemp("base")) / "tokenizer.json")


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer("en")


def spelled(pieces, document):
    numbered = pieces.number(document)
    texts, words = document.token_texts(), pieces.vocabulary.words
    pairs = zip(numbered.owner.tolist(), numbered.words.tolist(), strict=True)
    return [(texts[owner], words[number]) for owner, number in pairs]


def test_pieces_belong_to_the_token_that_shares_most_characters():
    tokens = (Span(0, 3), Span(3, 6), Span(7, 8))
    found = piece_owners(np.array([[0, 4], [4, 5], [5, 6], [6, 7], [2, 4], [7, 7]]), tokens)
    assert found.tolist() == [0, 1, 1, -1, 0, -1]


def test_a_word_that_both_split_otherwise(pieces, tokenizer):
    # Ours: did, n't; theirs: did, ##n, ', t.
    assert spelled(pieces, tokenizer("I didn't")) == [
        ("I", "i"), ("did", "did"), ("n't", "##n"), ("n't", "'"), ("n't", "t"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301t\u00e9", [("e\u0301t\u00e9", piece) for piece in ("e", "##t", "##e")]),
        ("我", [("我", "我")]),
        ("\ud800", [("\ud800", "<unk>")]),
        ("\u00ad", [("\u00ad", "<unk>")]),
        ("[SEP]", [("[", "<unk>"), ("SEP", "<unk>"), ("]", "<unk>")]),
    ],
)
def test_texts_that_the_tokenizer_changes_keep_their_tokens(pieces, tokenizer, text, expected):
    assert spelled(pieces, tokenizer(text)) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.text(
        st.characters() | st.sampled_from("the film didn't 我👩🏽‍🚀é \n.<br />"), min_size=1
    )
)
def test_every_token_has_pieces_in_order_and_sentences_keep_theirs(pieces, tokenizer, text):
    document = tokenizer(text)
    if not document.sentences:
        assert pieces.spell(document) == ((), ())
        return
    numbered = pieces.number(document)
    assert (np.diff(numbered.owner) >= 0).all()
    assert set(numbered.owner.tolist()) == set(range(len(document.tokens)))
    assert len(numbered.known) == len(document.tokens)
    of_token = np.repeat(np.arange(len(document.sentences)), document.sentence_lengths)
    of_piece = np.repeat(np.arange(len(document.sentences)), numbered.sentence_lengths)
    assert (of_token[numbered.owner] == of_piece).all()
    words, lengths = pieces.spell(document)
    assert pieces.vocabulary.numbers(words) == numbered.words.tolist()
    assert lengths == numbered.sentence_lengths.tolist()


def test_unknown_and_padding_stand_first_and_what_surrounds_a_text_is_known(pieces):
    assert pieces.vocabulary.words[:4] == ("<pad>", "<unk>", "[CLS]", "[SEP]")
    assert pieces.special == ((2,), (3,))
    assert pieces.special_names == ("[CLS]", "[SEP]")
    assert pieces.rows[UNKNOWN] == 1


def test_a_file_that_is_none_is_refused(tmp_path: Path):
    need_transformers()
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(UserError, match=r"no tokenizer\.json"):
        read_word_pieces(path)


def test_words_spelled_by_themselves_have_the_pieces_of_the_text(pieces, tokenizer):
    document = tokenizer("I did like the unlikely plot, 我!")
    words = document.token_texts()
    ends, numbers = pieces.number_words(words)
    assert numbers.tolist() == pieces.number(document).words.tolist()
    assert ends[0] == 0
    assert ends[-1] == len(numbers) > len(words)
    start, end = ends[words.index("unlikely") :][:2]
    assert [pieces.vocabulary.words[at] for at in numbers[start:end]] == ["un", "##like", "##ly"]


def test_a_word_that_both_split_otherwise_is_spelled_in_our_parts(pieces, tokenizer):
    words = tokenizer("didn't").token_texts()
    _, numbers = pieces.number_words(words)
    assert words == ("did", "n't")
    assert [pieces.vocabulary.words[at] for at in numbers] == ["did", "<unk>", "'", "t"]


def test_a_word_of_which_nothing_is_left_is_one_unknown_piece(pieces):
    ends, numbers = pieces.number_words(["\u200d", "good", "\ud800"])
    assert ends.tolist() == [0, 1, 2, 3]
    assert numbers.tolist() == [UNKNOWN, pieces.vocabulary.numbers(["good"])[0], UNKNOWN]
    assert [part.tolist() for part in pieces.number_words([])] == [[0], []]


def test_pieces_that_hold_the_space_before_a_word_depend_on_the_text(pieces, tmp_path):
    assert pieces.free_of_context
    import tokenizers

    path = tmp_path / "tokenizer.json"
    spaced = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({"<unk>": 0, "a": 1, "b": 2, "\u2581b": 3}, unk_token="<unk>")
    )
    spaced.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(prepend_scheme="never")
    spaced.save(str(path))
    assert not read_word_pieces(path).free_of_context
