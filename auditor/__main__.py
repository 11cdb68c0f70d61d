"""``python -m auditor`` is the same as the console script ``auditor``."""

import sys

from auditor.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
