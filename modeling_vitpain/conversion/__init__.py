"""Other people's checkpoints into ViTPain directories. Remote code does not need it, and does not import it."""
