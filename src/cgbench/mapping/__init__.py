"""CG mappings. Every module here but ``base`` is a generator; its file name is its key in the config."""
