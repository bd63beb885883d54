"""Triangle meshes from files. Here only the names of the formats: the command line reads them without NumPy."""

MESH_SUFFIXES = (".obj", ".ply", ".stl", ".glb")
