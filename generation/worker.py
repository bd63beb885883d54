"""Which of several worker processes this one is."""

import multiprocessing


def worker_number() -> int:
    """From 0, in the order in which they were started; 0 also where there are no others."""
    if multiprocessing.parent_process() is None:
        return 0
    number = multiprocessing.current_process().name.rpartition("-")[2]  # as in SpawnProcess-3
    return int(number) - 1 if number.isdecimal() else 0
