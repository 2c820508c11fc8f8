"""Backmapping methods, one per file; the file name is the key in the config (except ``base`` and ``_*``)."""
