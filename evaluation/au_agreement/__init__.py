"""The metric au_agreement: NumPy functions, and the module that `evaluate.load` takes."""
