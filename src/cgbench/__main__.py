"""``python -m cgbench``."""

from cgbench.cli.main import main

if __name__ == "__main__":
    main()
