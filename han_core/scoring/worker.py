"""One worker: a checkpoint, and parts that come and go as bytes.

The same for a process on this machine and for one far away, on one thread: so figures do
not depend on where, or beside how many, a part was scored. It knows nothing about how parts
come to it.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from han_core.device import choose_device
from han_core.models.checkpoint import load_checkpoint
from han_core.scoring.manifest import checkpoint_sha256
from han_core.scoring.part import Part
from han_core.scoring.table import score_part, to_parquet
from han_core.wrong_input import WrongInput


@dataclass(frozen=True)
class Job:
    """What every worker of a run is told once.

    Attributes:
        folder: the checkpoint's, as the worker finds it.
        sha256: what ``checkpoint_sha256`` of it is.
        key: the manifest's, which each part carries.
    """

    folder: Path
    sha256: str
    key: str


class Scorer:
    """Scores parts on ``device``.

    Raises:
        WrongInput: if the checkpoint cannot be loaded, or is another by now.
    """

    def __init__(self, job: Job, device: str) -> None:
        torch.set_num_threads(1)
        self.key = job.key
        self.checkpoint = load_checkpoint(job.folder, choose_device(device))
        if checkpoint_sha256(job.folder) != job.sha256:
            raise WrongInput(f"The checkpoint {job.folder.name} changed while it was scoring.")

    def __call__(self, request: bytes) -> bytes:
        """The Parquet file of the part that ``Part.to_bytes`` wrote.

        Raises:
            WrongInput: as ``score_part``, or if the device has too little memory.
        """
        part = Part.from_bytes(request)
        try:
            return to_parquet(score_part(self.checkpoint, part), self.key, part.number)
        except torch.OutOfMemoryError as error:
            raise WrongInput(
                f"{self.checkpoint.device} has too little memory for part {part.number} beside "
                "what else it holds; try fewer workers, or the CPU."
            ) from error
