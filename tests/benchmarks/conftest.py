from fake_shift_sets import shift_sets
from small_dataset import dataset

__all__ = ["dataset", "shift_sets"]
