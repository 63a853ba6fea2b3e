"""Run the command line as ``python -m cli``, which is how the supervisor starts its children."""

from cli.main import main

if __name__ == "__main__":
    main()
