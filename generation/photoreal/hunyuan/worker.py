"""Paints a mesh with Hunyuan3D-2.1. Runs alone, in the Python of an environment that has it (see docs/hunyuan.md):

    PYTHON worker.py HUNYUAN3D_FOLDER MESH.glb PORTRAIT.png PAINTED.glb

HUNYUAN3D_FOLDER is a checkout of github.com/Tencent-Hunyuan/Hunyuan3D-2.1, whose licence holds for what comes out. This
file holds none of its code: it calls its paint pipeline, keeps it from simplifying the mesh, and packs the OBJ and the
pictures that it writes into one binary glTF.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="checkout of Hunyuan3D-2.1")
    parser.add_argument("mesh", type=Path)
    parser.add_argument("portrait", type=Path)
    parser.add_argument("painted", type=Path)
    parser.add_argument("--views", type=int, default=6, help="most views that are painted, 6 to 9 (6: 21 GB)")
    parser.add_argument("--resolution", type=int, choices=(512, 768), default=512, help="of each view")
    args = parser.parse_args()
    mesh, portrait, painted = (str(path.resolve()) for path in (args.mesh, args.portrait, args.painted))
    os.chdir(args.folder / "hy3dpaint")  # its settings and checkpoints are named relative to this folder
    sys.path.insert(0, os.getcwd())
    with tempfile.TemporaryDirectory() as folder:
        obj = str(Path(folder) / "painted.obj")
        paint(mesh, portrait, obj, args.views, args.resolution)
        pack(obj, painted)


def paint(mesh: str, portrait: str, obj: str, views: int, resolution: int) -> None:
    """Writes `obj`, and beside it the albedo, `_metallic` and `_roughness` as JPEG."""
    try:  # as its own demo.py does: new versions of torchvision lack a module that it wants
        from utils.torchvision_fix import apply_fix
    except ImportError:
        pass
    else:
        apply_fix()
    from textureGenPipeline import Hunyuan3DPaintConfig, Hunyuan3DPaintPipeline

    pipeline = Hunyuan3DPaintPipeline(Hunyuan3DPaintConfig(max_num_view=views, resolution=resolution))
    pipeline(mesh_path=mesh, image_path=portrait, output_mesh_path=obj, use_remesh=False, save_glb=False)


def pack(obj: str, painted: str) -> None:
    """Puts the mesh and its pictures into the binary glTF `painted`."""
    import trimesh
    from PIL import Image

    mesh = trimesh.load(obj, force="mesh", process=False)
    base = obj[: -len(".obj")]
    albedo = Image.open(f"{base}.jpg").convert("RGB")
    metallic, roughness = (Image.open(f"{base}_{name}.jpg").convert("L") for name in ("metallic", "roughness"))
    packed = Image.merge("RGB", (Image.new("L", roughness.size, 255), roughness, metallic.resize(roughness.size)))
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=albedo, metallicRoughnessTexture=packed, metallicFactor=1.0, roughnessFactor=1.0
    )
    mesh.visual = trimesh.visual.TextureVisuals(uv=mesh.visual.uv, material=material)
    Path(painted).write_bytes(mesh.export(file_type="glb"))


if __name__ == "__main__":
    main()
