"""Tokens are characters and words as readers see them; older checkpoints keep theirs."""

import gc
import random
import string
import tempfile
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from han_core.runtime.errors import UserError
from han_core.runtime.paths import segmenter_root
from han_core.text import tokenizer as tokenizer_module
from han_core.text import word_splitters
from han_core.text.tokenizer import Tokenizer
from han_core.text.word_splitters import CHARACTERS, PACKAGES, WordSplitter, cluster_interiors
from tests.text.spans import ODD, check_spans, odd_text, sentences, tokenizer

MARKED = [
    "ห",
    "นั",
    "ง",
    "ก",
    "ำ",
    "फ़ि",
    "ल्म",
    "மொ",
    "ழி",
    "ខ្មែ",
    "مُ",
    "حَ",
    "בְּ",
    "か\u3099",
    "한",
    "각",
]


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("th", "หนังเรื่องนี้ดี 12", "ห|นั|ง|เ|รื่|อ|ง|นี้|ดี|12"),
        ("hi", "फ़िल्म अच्छी थी।", "फ़िल्म|अच्छी|थी|।"),
        ("ta", "மொழி நன்று", "மொழி|நன்று"),
        ("xx", "ខ្មែរ", "ខ្មែ|រ"),
        ("ar", "مُحَمَّد جَاء", "مُحَمَّد|جَاء"),
        ("he", "בְּרֵאשִׁית", "בְּרֵאשִׁית"),
        ("ja", "か\u3099テレヒ\u309aｶﾞWiFi", "か\u3099|テ|レ|ヒ\u309a|ｶﾞ|WiFi"),
        ("ko", "영화는 좋다", "영화는|좋다"),
        ("zh", "房间e\u0301te\u0301很好〇々", "房|间|e\u0301te\u0301|很|好|〇|々"),
    ],
)
def test_characters_are_those_that_readers_see(language, text, tokens):
    (sentence,) = sentences(text, language, "characters")
    assert sentence == tokens.split("|")


@given(st.lists(st.sampled_from([*MARKED, *ODD])).map("".join))
def test_no_token_begins_with_a_combining_mark(text):
    document = tokenizer("th", segmentation="characters")(text)
    check_spans(document)
    for start, _ in document.tokens:
        continues = unicodedata.category(text[start]).startswith("M")
        assert not continues or start == 0 or text[start - 1].isspace() or text[start - 1] < " "


@given(odd_text)
def test_interiors_are_the_places_within_clusters(text):
    places, interiors = 0, set()
    for cluster in regex.findall(r"\X", text):
        if not cluster[0].isspace():
            interiors |= set(range(places + 1, places + len(cluster)))
        places += len(cluster)
    assert cluster_interiors(text) == interiors


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("这家café很好，Привет", "这家|café|很|好|，|Привет"),
        ("カメラ不错，한국어。", "カメラ|不错|，|한국어|。"),
        ("它isn't好，T恤3.5%，卡拉OK", "它|isn't|好|，|T恤|3.5%|，|卡拉|OK"),
    ],
)  # fmt: skip
def test_chinese_keeps_words_of_other_scripts_whole(text, tokens):
    assert [word for sentence in sentences(text, "zh") for word in sentence] == tokens.split("|")


def test_full_stops_of_every_writing_are_tokens():
    assert sentences("Ֆիլմը լավն էր։", "hy") == [["Ֆիլմը", "լավն", "էր", "։"]]
    assert sentences("བདེ་ལེགས། ཡག་པོ", "bo") == [["བདེ་ལེགས", "།"], ["ཡག་པོ"]]


def test_japanese_and_thai_words_come_from_their_packages(missing):
    for name in ("sudachipy", "pythainlp"):
        try:
            __import__(name)
        except ImportError:
            missing(f"{name} is not installed")
    assert sentences("この映画は面白い。", "ja") == [["この", "映画", "は", "面白い", "。"]]
    assert sentences("หนังเรื่องนี้ดี", "th") == [["หนัง", "เรื่อง", "นี้", "ดี"]]
    long = "この映画は面白い。" * 2_500  # more than sudachi takes at once
    document = Tokenizer("ja")(long)
    check_spans(document)
    assert len(document.sentences) == 2_500


@pytest.mark.parametrize("language", sorted(PACKAGES))
def test_a_missing_package_is_named_in_one_sentence(language, monkeypatch):
    def fail(*_, **__):
        raise FileNotFoundError("mecab-config\nis not there")

    monkeypatch.setattr(word_splitters.spacy, "blank", fail)
    monkeypatch.setattr(word_splitters, "_chinese", fail)
    with pytest.raises(UserError, match=f"needs {PACKAGES[language]}; .*=characters") as caught:
        Tokenizer(language)
    assert "\n" not in str(caught.value)


def test_a_version_that_there_is_not_is_refused():
    with pytest.raises(UserError, match="tokenizer_version is 1 or 2; 3 came"):
        Tokenizer("en", version=3)


def test_older_checkpoints_keep_their_tokens():
    old = {
        ("zh", "words"): ("这家café", ["这家", "caf", "é"]),
        ("th", "characters"): ("นี้ดี", ["น", "ี", "้", "ด", "ี"]),
        ("hy", "words"): ("լավն էր։", ["լավն", "էր։"]),
    }
    for (language, segmentation), (text, tokens) in old.items():
        document = Tokenizer(language, segmentation=segmentation, version=1)(text)
        assert list(document.token_texts()) == tokens


@given(st.text(st.sampled_from("房间 好,。\nab1_😀\U00020000-!éテ"), max_size=40))
def test_both_versions_agree_where_nothing_is_combined(text):
    assert CHARACTERS[1].findall(text) == CHARACTERS[2].findall(text)


def test_the_dictionary_of_jieba_lies_where_nobody_else_can_write(monkeypatch, tmp_path):
    import jieba

    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    WordSplitter("zh", "words", 2)
    assert jieba.dt.tmp_dir == str(segmenter_root())
    assert segmenter_root().stat().st_mode & 0o777 == 0o700
    segmenter_root().chmod(0o777)
    WordSplitter("zh", "words", 1)
    assert segmenter_root().stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_ours_is_not_used(monkeypatch, tmp_path):
    import jieba

    (tmp_path / "file").touch()
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "file"))
    WordSplitter("zh", "words", 2)
    assert jieba.dt.tmp_dir not in (None, tempfile.gettempdir())
    assert word_splitters.os.stat(jieba.dt.tmp_dir).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("version", [1, 2])
def test_words_are_forgotten_where_there_were_too_many(monkeypatch, version):
    monkeypatch.setattr(tokenizer_module, "MOST_STRINGS", 2_000)
    split, draw = Tokenizer("en", version=version), random.Random(0)
    first = split("It isn't bad.").tokens
    largest = 0
    for _ in range(100):
        words = ["".join(draw.choices(string.ascii_lowercase, k=9)) for _ in range(100)]
        assert split(" ".join(words)).token_texts() == tuple(words)
        largest = max(largest, split._splitter.strings)
    gc.collect()
    assert largest < split._strings + 2_000 + 500
    assert split("It isn't bad.").tokens == first


SMILES = st.lists(
    st.sampled_from([*"():-D3<> .o0'x", "don't", "u.s.a.", "c:/d", " a\n"]), max_size=15
)


@given(SMILES)
def test_texts_are_split_the_same_whenever_they_are_met(parts):
    text, splitter = "".join(parts), WORDS_MET
    first = WordSplitter("en", "words", 2).tokens(text) if len(parts) > 13 else None
    found = [splitter.tokens(text) for _ in range(3)]
    assert found[0] == found[1] == found[2]
    assert first in (None, found[0])
    assert set(text.split()) <= splitter._remembered


WORDS_MET = WordSplitter("en", "words", 2)


def test_only_so_many_strings_are_remembered(monkeypatch):
    monkeypatch.setattr(word_splitters, "MOST_REMEMBERED", 2)
    monkeypatch.setattr(word_splitters, "MOST_MET", 4)
    splitter, asked = WordSplitter("en", "words", 2), []
    make = splitter._pipeline.make_doc
    monkeypatch.setattr(
        splitter._pipeline, "make_doc", lambda text: asked.append(text) or make(text)
    )
    for text in ("a b", "c d e", "f a", "g b", "h c", "i f"):
        splitter.tokens(text)
    assert asked == ["a b", "c d e", "a", "f a", "b", "g b", "h c", "i f"]


def test_long_strings_are_not_remembered():
    splitter = WordSplitter("en", "words", 2)
    for _ in range(3):
        splitter.tokens("short " + 41 * "a")
    assert splitter._met == splitter._remembered == {"short"}
