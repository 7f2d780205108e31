"""The target domain of a run: which texts it learns from, and what is refused."""

import json

import pytest

from han_core.data.domains import FEWEST, HELD_OUT
from han_core.data.splits import Source, read_parts
from han_core.runtime.errors import UserError

LABELS = ("bad", "good")


def rows(domain, number, labels=LABELS, start=0):
    return [
        {
            "text": f"A {domain} with the number {start + place}.",
            "label": labels[place % len(labels)],
            "domain": domain,
        }
        for place in range(number)
    ]


@pytest.fixture
def written(tmp_path):
    def write(name, *groups):
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(row) for group in groups for row in group))
        return str(path)

    return write


def parts_of(data, target, **more):
    return read_parts(Source(data, adapt_to=target, **more), seed=1)


def test_a_file_gives_texts_to_learn_from_and_texts_held_out(written):
    parts = parts_of(written("s.jsonl", rows("book", 40)), written("t.jsonl", rows("pan", 50)))
    target = parts.target
    assert len(target) == 50
    assert len(target.held_out) == 50 * HELD_OUT
    assert not target.learning.labels
    assert not {*target.learning.texts} & {*target.held_out.texts}
    assert {*target.labelled.labels} == {*LABELS}
    assert target.labelled.texts == target.held_out.texts
    assert all("book" in text for text in parts.training.texts)


def test_a_column_divides_one_file_into_source_and_target(written):
    data = written("all.jsonl", rows("book", 20), rows("film", 20), rows("pan", 30), rows("", 9))
    parts = parts_of(data, "pan", domain_column="domain")
    assert parts.target.name == "pan"
    texts = [*parts.target.learning.texts, *parts.target.held_out.texts]
    assert sorted(texts) == sorted(row["text"] for row in rows("pan", 30))
    assert {text.split()[1] for text in parts.training.texts} == {"book", "film"}


def test_a_target_needs_no_labels(written):
    without = [{"text": row["text"]} for row in rows("pan", 30)]
    parts = parts_of(written("s.jsonl", rows("book", 40)), written("t.jsonl", without))
    assert parts.target.labelled is None
    empty = written("all.jsonl", rows("book", 40), rows("pan", 30, ("",)))
    assert parts_of(empty, "pan", domain_column="domain").target.labelled is None


def test_some_labels_of_the_target_are_enough_to_measure(written):
    some = [*rows("pan", 30), *rows("pan", 30, ("",), start=30)]
    target = parts_of(written("s.jsonl", rows("book", 40)), written("t.jsonl", some)).target
    numbers = [int(text.split()[-1].strip(".")) for text in target.labelled.texts]
    assert numbers
    assert max(numbers) < 30
    assert len(target.held_out) > len(target.labelled)


def test_numbers_name_the_same_classes_with_a_fraction_or_without(written):
    """As programs write whole numbers beside missing ones."""
    source = written("s.jsonl", rows("book", 40, ("0", "1")))
    target = written("t.jsonl", rows("pan", 30, ("0.0", "1.0", "")))
    assert {*parts_of(source, target).target.labelled.labels} == {"0", "1"}


def test_target_texts_that_stand_in_other_parts_are_left_out(written):
    source, target = written("s.jsonl", rows("book", 40)), written("t.jsonl", rows("pan", 50))
    test = written("test.jsonl", rows("pan", 20))
    parts = parts_of(source, target, test=test)
    assert len(parts.target) == 30
    assert any("20 target texts left out" in note for note in parts.notes)


def refused(data, target, **more):
    with pytest.raises(UserError) as error:
        parts_of(data, target, **more)
    return str(error.value)


def test_the_same_file_as_source_is_refused(written):
    same = written("s.jsonl", rows("book", 40))
    assert refused(same, same).endswith("texts of another domain were expected.")


def test_too_few_target_texts_are_refused(written):
    one = written("one.jsonl", rows("pan", 1))
    sentence = refused(written("s.jsonl", rows("book", 40)), one)
    assert f"at least {FEWEST}" in sentence
    assert "one.jsonl has 1." in sentence


def test_other_classes_in_the_target_are_refused(written):
    other = written("t.jsonl", rows("pan", 30, ("bad", "mediocre")))
    sentence = refused(written("s.jsonl", rows("book", 40)), other)
    assert "mediocre" in sentence
    assert '"bad", "good"' in sentence


def test_a_source_without_labels_is_refused(written):
    data = written("all.jsonl", rows("book", 40, ("",)), rows("pan", 30))
    assert "no row with a text and a label" in refused(data, "pan", domain_column="domain")


@pytest.mark.parametrize("domains", [("book", "film"), ("pan",)])
def test_a_domain_that_the_column_does_not_name_is_refused_with_those_it_does(written, domains):
    data = written("all.jsonl", *(rows(domain, 20) for domain in domains))
    sentence = refused(data, "pan", domain_column="domain")
    assert all(f'"{domain}"' in sentence for domain in domains)


def test_a_column_that_is_not_there_and_a_column_without_a_domain(written):
    data = written("all.jsonl", rows("book", 20), rows("pan", 20))
    assert 'no column "where"' in refused(data, "pan", domain_column="where")
    assert "--adapt-to" in refused(data, None, domain_column="domain")


def test_a_domain_called_like_a_file_is_a_domain_all_the_same(written, tmp_path):
    """A column of somebody's upload must not name files of the server."""
    secret = written("secret.jsonl", rows("secret", 40))
    data = written("all.jsonl", rows("book", 20), rows(secret, 20))
    parts = parts_of(data, secret, domain_column="domain")
    assert not any("secret with" in text for text in parts.target.learning.texts)
    assert secret not in Source(data, adapt_to=secret, domain_column="domain").specs
