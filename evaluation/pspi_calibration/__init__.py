"""The metric pspi_calibration: NumPy functions, and the module that `evaluate.load` takes."""
