"""The commands of the command line, one module per group: they parse and call, nothing else.

Stages are imported inside the commands, because loading torch and mdtraj takes seconds and
``cgbench --help`` should not.
"""
