"""What does the domain need from outside? Time and identifiers, passed in so that every run can be repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Answers the current time, aware, in UTC."""

NewId = Callable[[str], str]
"""Answers a new identifier that starts with the given prefix: `new_id("job")` → "job-…"."""
