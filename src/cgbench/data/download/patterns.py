"""Patterns for the names of files."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath


def matches(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern whose ``*`` and ``?`` do not reach across ``/``."""
    parts, patterns = PurePosixPath(name).parts, PurePosixPath(pattern).parts
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))
