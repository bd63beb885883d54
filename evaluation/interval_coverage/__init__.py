"""The metric interval_coverage: NumPy functions, and the module that `evaluate.load` takes."""
