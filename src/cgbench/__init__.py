"""cgbench: a workflow-managed benchmark of generative backmapping."""

__version__ = "0.2.0"
