"""How much disk runs, checkpoints and prepared texts may take, and how much they take now.

Each limit is an environment variable: a number of bytes, or a size such as 500M or 20G.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from han_core.runtime import paths
from han_core.runtime.errors import UserError, file_size
from han_core.runtime.messages import mark, tr

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)(?:i?B)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Quota:
    """The limit of one folder.

    Attributes:
        name: what the folder holds, in the plural.
        variable: the environment variable with the limit.
        default: bytes where it is not set.
        remedy: how to make room, as the end of a sentence.
    """

    name: str
    variable: str
    default: int
    folder: Callable[[], Path]
    remedy: str

    def limit(self) -> int:
        """Return the bytes allowed.

        Raises:
            UserError: if the environment variable holds no size.
        """
        value = os.environ.get(self.variable, "").strip()
        if not value:
            return self.default
        if not (match := _SIZE.fullmatch(value)):
            raise UserError(
                tr(
                    "{variable} is a number of bytes or a size such as 20G; {value!r} came.",
                    variable=self.variable,
                    value=value[:40],
                )
            )
        return int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " "))

    def used(self) -> int:
        """Return the bytes of all files in the folder."""
        return folder_size(self.folder())

    def check(self, coming: int = 0) -> None:
        """Refuse to write where the limit is reached.

        Args:
            coming: bytes that are about to be written, as far as they are known.

        Raises:
            UserError: says what is used, what is allowed and how to make room.
        """
        used, limit = self.used(), self.limit()
        if used + coming > limit or used >= limit:
            raise UserError(
                tr(
                    "The {name} take {used} of the {limit} allowed ({variable}), so that there "
                    "is no room for more; {remedy}.",
                    name=tr(self.name),
                    used=file_size(used),
                    limit=file_size(limit),
                    variable=self.variable,
                    remedy=tr(self.remedy),
                )
            )


RUNS = Quota(
    mark("runs"),
    "HANSCOPE_RUNS_LIMIT",
    20 * 2**30,
    paths.runs_root,
    mark("delete runs that nobody needs"),
)
CHECKPOINTS = Quota(
    mark("checkpoints"),
    "HANSCOPE_CHECKPOINTS_LIMIT",
    20 * 2**30,
    paths.checkpoints_root,
    mark("delete runs that nobody needs together with their checkpoints"),
)
PREPARED = Quota(
    mark("prepared texts"),
    "HANSCOPE_PREPARED_LIMIT",
    5 * 2**30,
    paths.prepared_root,
    mark("those that were used longest ago go by themselves"),
)
UPLOADS = Quota(
    mark("uploaded files"),
    "HANSCOPE_UPLOADS_LIMIT",
    5 * 2**30,
    paths.uploads_root,
    mark(
        "delete runs and scores that nobody needs; a file that none of them uses goes after an hour"
    ),
)
QUOTAS = (RUNS, CHECKPOINTS, PREPARED, UPLOADS)


def check_quota_at(path: Path) -> None:
    """Refuse to write below a folder whose limit is reached.

    Raises:
        UserError: as ``Quota.check``.
    """
    for quota in QUOTAS:
        if path.absolute().is_relative_to(quota.folder().absolute()):
            quota.check()


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a folder; 0 where there is none."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:  # deleted by somebody else
                continue
    return total
