"""Pictures and videos, as `predict` and the importers read them."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
from parser import Parser
from PIL import Image
from small_videos import write_clip

from dataset_script.importers.boxes import picture_size
from dataset_script.importers.pictures import holds_several, picture_problem
from dataset_script.packed_files import what_is_packed
from dataset_script.rows import imported_picture_problems
from dataset_script.video import Sampling, expected_frames, read_frames
from modeling_vitpain.jpeg_data_vitpain import check_jpeg_data
from modeling_vitpain.prediction.media import MediaFile, read_pictures

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (24, 32, 4), np.uint8)
PIXELS[..., :3] = np.arange(32, dtype=np.uint8)[:, None] * 7 + PIXELS[..., :3] // 8


def predict(path: Path) -> None:
    """As `pain3d predict` does: whatever it is, it must come out as rows."""
    for picture in read_pictures(MediaFile(path, path.name)):
        assert (picture.image is None) != (picture.error is None)


def _image(mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 200)
    return Image.fromarray(PIXELS).convert("RGB").convert(mode) if mode != "RGBA" else Image.fromarray(PIXELS)


def _saved(folder: Path, name: str, mode: str, kind: str, **options) -> None:
    _image(mode).save(folder / name, kind, **options)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[274], exif[270] = 6, "a face"
    return exif


def png(folder: Path) -> None:
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"):
        _saved(folder, f"{mode.replace(';', '')}.png", mode, "PNG")
    _saved(folder, "exif.png", "RGB", "PNG", exif=_exif())
    _saved(folder, "moving.png", "RGB", "PNG", save_all=True, append_images=[_image("RGB").rotate(180)])


def jpeg(folder: Path) -> None:
    for mode in ("RGB", "L", "CMYK"):
        _saved(folder, f"{mode}.jpg", mode, "JPEG")
    _saved(folder, "progressive.jpg", "RGB", "JPEG", progressive=True, exif=_exif())
    _saved(folder, "restarts.jpg", "RGB", "JPEG", restart_marker_blocks=2, comment=b"x")
    _saved(folder, "several.mpo", "RGB", "MPO", save_all=True, append_images=[_image("RGB").rotate(180)])


def tiff(folder: Path) -> None:
    for mode in ("RGB", "RGBA", "L", "I;16", "1"):
        _saved(folder, f"{mode.replace(';', '')}.tif", mode, "TIFF")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        _saved(folder, f"{compression}.tif", "RGB", "TIFF", compression=compression)
    _saved(folder, "group4.tif", "1", "TIFF", compression="group4")
    _saved(folder, "pages.tif", "RGB", "TIFF", save_all=True, append_images=[_image("RGB").rotate(180)])


def other(folder: Path) -> None:
    """Of the other formats that Pillow reads, those that it also writes."""
    kinds = {
        **{"webp": "WEBP", "gif": "GIF", "bmp": "BMP", "jp2": "JPEG2000", "tga": "TGA", "pcx": "PCX", "dds": "DDS"},
        **{"sgi": "SGI", "ico": "ICO", "icns": "ICNS", "im": "IM", "ppm": "PPM", "avif": "AVIF", "qoi": "QOI"},
        **{"msp": "MSP", "xbm": "XBM", "dib": "DIB", "blp": "BLP"},
    }
    for suffix, kind in kinds.items():
        mode = {"msp": "1", "xbm": "1", "blp": "P"}.get(suffix, "RGB")
        try:
            _saved(folder, f"a.{suffix}", mode, kind)
        except (KeyError, OSError):  # this Pillow does not write it
            (folder / f"a.{suffix}").unlink(missing_ok=True)
    _saved(folder, "moving.gif", "P", "GIF", save_all=True, append_images=[_image("P").rotate(180)])
    _saved(folder, "moving.webp", "RGBA", "WEBP", save_all=True, append_images=[_image("RGBA").rotate(180)])
    header = b"8BPS\0\1" + b"\0" * 6 + (3).to_bytes(2, "big")
    size = (24).to_bytes(4, "big") + (32).to_bytes(4, "big") + (8).to_bytes(2, "big") + (3).to_bytes(2, "big")
    planes = PIXELS[..., :3].transpose(2, 0, 1).tobytes()
    (folder / "a.psd").write_bytes(header + size + b"\0" * 12 + b"\0\0" + planes)


def mixed(folder: Path) -> None:
    for write in (png, jpeg, tiff):
        write(folder)


def clips(folder: Path) -> None:
    size = (48, 32)
    write_clip(folder / "a.mp4", 5, size=size)
    write_clip(folder / "wide.mp4", 4, size=size, aspect=Fraction(4, 3))
    write_clip(folder / "a.mkv", 4, size=size)
    write_clip(folder / "a.avi", 4, codec="mpeg4", size=size)
    write_clip(folder / "a.webm", 4, codec="libvpx", size=size)
    write_clip(folder / "a.ts", 4, codec="mpeg2video", size=size)
    write_clip(folder / "a.mov", 4, codec="mpeg4", size=size)
    write_clip(folder / "a.h264", 4, container_format="h264", size=size)
    frames = [io.BytesIO() for _ in range(3)]
    for frame in frames:
        _image("RGB").save(frame, "JPEG")
    (folder / "a.mjpeg").write_bytes(b"".join(frame.getvalue() for frame in frames))


def video(path: Path) -> None:
    for frame in read_frames(path, Sampling(), 50_000_000):
        assert (frame.image is None) != (frame.error is None)


def header(path: Path) -> None:
    expected_frames(path, Sampling(fps=2))
    for _ in read_frames(path, Sampling(numbers=frozenset({0})), 50_000_000):
        pass


def checked(path: Path) -> None:
    """As `import --check-images`, and `verify` of what it wrote."""
    content = path.read_bytes()
    if picture_problem(content) is None:
        holds_several(content)
    list(imported_picture_problems({"image": {"bytes": content, "path": None}}))


def packed(folder: Path) -> None:
    import tarfile
    import zipfile

    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.png", b"x")
    with zipfile.ZipFile(folder / "a.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
    with tarfile.open(folder / "a.tar", "w") as archive:
        archive.add(folder / "a.zip", "a.zip")
    (folder / "a.pdf").write_bytes(b"%PDF-1.4\n")


PARSERS = [
    Parser("pictures.png", "PNG", png, predict, 1.5),
    Parser("pictures.jpeg", "JPEG and MPO", jpeg, predict, 1.5),
    Parser("pictures.tiff", "TIFF", tiff, predict, 1.5),
    Parser("pictures.other", "other pictures", other, predict, 1.5),
    Parser("pictures.check", "pictures of imports and datasets", mixed, checked, 0.8),
    Parser("pictures.size", "sizes of pictures", mixed, picture_size, 1.5),
    Parser(
        "pictures.jpeg_data",
        "coded data of JPEG",
        jpeg,
        lambda p: check_jpeg_data(p.read_bytes()),
        1.5,
        allowed=(OSError,),
    ),
    Parser("pictures.packed", "archives and documents among pictures", packed, what_is_packed, 1.5),
    Parser("pictures.video_frames", "videos", clips, video, 0.2),
    Parser("pictures.video_header", "headers of videos", clips, header, 0.2),
]
