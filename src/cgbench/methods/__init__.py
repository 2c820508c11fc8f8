"""Backmapping methods. Every module here but ``base`` is a method; its file name is its key in the config."""
