"""Looks: skin, eyes, hair, clothes, light."""
