"""``python -m vpclab``: the command line."""

from vpclab.cli import main

if __name__ == "__main__":
    main()
