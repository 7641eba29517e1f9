"""`python -m fallow_app`: the command line."""

from fallow_app.cli.main import main

if __name__ == "__main__":
    main()
