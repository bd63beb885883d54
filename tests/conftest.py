"""Makes `support/` importable, also in the processes that tests start. (`tests/` itself would hide the packages.)

$PAIN3D_TEST_SECONDS, where it is set, is the time after which no further test is begun.
"""

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))
os.environ.setdefault("OMP_NUM_THREADS", "1")

_SECONDS = os.environ.get("PAIN3D_TEST_SECONDS")
_END = time.monotonic() + float(_SECONDS) if _SECONDS else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    if _END is not None and time.monotonic() > _END:
        pytest.skip(f"no time was left: {_SECONDS} s had passed")
