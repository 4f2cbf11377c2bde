"""``python -m ratecheck`` is the command ``ratecheck``."""

import sys

from ratecheck.experiments.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
