"""Parametric heads: demographics to a neutral mesh."""
