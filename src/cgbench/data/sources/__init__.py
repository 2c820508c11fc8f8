"""Where frames come from: every module but ``base`` is a source, its file name its key in the config."""
