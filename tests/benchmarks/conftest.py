from small_dataset import dataset

__all__ = ["dataset"]
