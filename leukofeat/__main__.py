"""`python -m leukofeat`."""

import sys

from leukofeat.cli import main

sys.exit(main())
