"""The metric macro_auroc: NumPy functions, and the module that `evaluate.load` takes."""
