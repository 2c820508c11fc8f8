"""The contracts of methods, mappings and metrics as tests, which every plug-in passes."""
