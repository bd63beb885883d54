from small_dataset import copy, dataset

__all__ = ["copy", "dataset"]
