"""Metrics: one file for each metric or family of metrics.

A file defines one class ``Metric``, named in tables as the file, or several in ``METRICS = {"name": Class}``.
"""
