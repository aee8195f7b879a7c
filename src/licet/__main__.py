"""`python -m licet`: how the supervisor starts its children, whatever is on the path."""

from licet.cli import main

if __name__ == "__main__":
    main()
