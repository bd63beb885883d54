"""The generator: from a specification to frames."""
