"""Makes the fuzz run importable as the program `tests/fuzz` finds itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
