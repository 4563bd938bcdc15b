"""What do all tests share? Hypothesis without deadlines on a busy machine, with the same cases in CI."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("sluice", deadline=None)
settings.register_profile("ci", parent=settings.get_profile("sluice"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "sluice")
