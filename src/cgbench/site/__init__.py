"""The results of a benchmark as a static site with charts and molecules, which needs no server."""
