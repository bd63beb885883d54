"""The cards of datasets and models, with numbers that are read from what they describe."""
