"""Checkpoints in and out: the authors' release to a ViTPain directory, and a ViTPain to ONNX."""
