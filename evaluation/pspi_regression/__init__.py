"""The metric pspi_regression: NumPy functions, and the module that `evaluate.load` takes."""
