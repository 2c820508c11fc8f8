"""CG mappings. Each module except ``base`` is a generator; its file name is its key in the config."""
