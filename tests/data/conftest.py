"""A data set in a cache of its own, as a download leaves it."""

import datasets
import pytest

CLASSES = datasets.Features(
    {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
)


class Small(datasets.GeneratorBasedBuilder):
    """Two splits, written to a cache as `datasets` leaves them after a download."""

    VERSION = "0.0.0"

    def _info(self):
        return datasets.DatasetInfo(features=CLASSES)

    def _split_generators(self, _):
        return [datasets.SplitGenerator("train"), datasets.SplitGenerator("test")]

    def _generate_examples(self):
        yield 0, {"text": "NA", "label": 1}
        yield 1, {"text": "007", "label": -1}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    builder = Small(
        cache_dir=str(tmp_path),
        dataset_name="small",
        repo_id="owner/small",
        config_name="default",
        hash="0",
    )
    builder.download_and_prepare()
