"""The metric pain_detection: NumPy functions, and the module that `evaluate.load` takes."""
