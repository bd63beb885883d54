"""What a Pain3D row is, and how rows are stored, checked and loaded."""
