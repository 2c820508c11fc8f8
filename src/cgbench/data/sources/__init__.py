"""Sources of frames: each module except ``base`` is one, and its file name is its key in the config."""
