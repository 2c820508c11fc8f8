"""Metrics. Every module here but ``base`` is a metric; its file name is its name in the tables."""
