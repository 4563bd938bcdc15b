"""Where does a soak keep its things? One folder, which every process of the soak names on its command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Places:
    """The folders and files below `base`."""

    base: Path

    @property
    def home(self) -> Path:
        """The deployment: control database, keys, quarantine."""
        return self.base / "home"

    @property
    def source(self) -> Path:
        """The table that every job reads."""
        return self.base / "v.parquet"

    @property
    def notes(self) -> Path:
        """Process → the run it belongs to; see `tests.stress.taken_over`."""
        return self.base / "notes"

    @property
    def pool(self) -> Path:
        """The places that launchers share."""
        return self.base / "places"

    @property
    def temporary(self) -> Path:
        """The TMPDIR of the workers."""
        return self.base / "tmp"

    @property
    def log(self) -> Path:
        """What the workers say."""
        return self.base / "workers.log"
