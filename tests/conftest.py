"""Makes `support/` importable, also in the processes that tests start. (`tests/` itself would hide the packages.)"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
os.environ.setdefault("OMP_NUM_THREADS", "1")
