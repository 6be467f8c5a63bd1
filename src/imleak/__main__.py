"""``python -m imleak``: the command, for where it is not on the path."""

from .cli import main

if __name__ == "__main__":
    main()
