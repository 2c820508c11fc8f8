"""The verbs of the command line, one module per group: they parse and call, nothing else.

Stages are imported inside the verbs, because loading torch and mdtraj takes seconds and
``cgbench --help`` should not.
"""
