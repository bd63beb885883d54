"""Putting datasets, models, metrics and demos on the Hub: what is checked first, what goes where, the upload."""
