"""``python -m cgbench``."""

from cgbench.cli import main

if __name__ == "__main__":
    main()
