"""`python -m rankzero` is the command line."""

from rankzero.cli.main import main

if __name__ == "__main__":
    main()
