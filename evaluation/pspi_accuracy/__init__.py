"""The metric pspi_accuracy: NumPy functions, and the module that `evaluate.load` takes."""
