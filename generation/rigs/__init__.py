"""Rigs: action units to geometry."""
