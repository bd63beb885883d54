"""The optional renderer that draws with pytorch3d and is differentiable.

`package` comes first, whichever module is imported: it makes pytorch3d's renderer importable, or says how to install
pytorch3d.
"""

from .package import COMPILED

__all__ = ["COMPILED"]
