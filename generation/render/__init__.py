"""Renderers: posed heads to pictures and segments."""
