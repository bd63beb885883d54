"""Models from the Hub, which a folder stands in for: its cache, broken-off downloads, and no network."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from dataset_script.errors import InvalidInput, WorkFailed
from generation.diffusion.models import Models
from generation.diffusion.painter import open_painter

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "someone/tiny-base"


def cache_of(folder: str, cache: Path, name: str = NAME) -> Path:
    """A folder as the Hub's cache holds it: links into blobs, large files named by SHA-256, small ones otherwise."""
    place = cache / f"models--{name.replace('/', '--')}"
    snapshot = place / "snapshots" / COMMIT
    (place / "blobs").mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(COMMIT)
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            kind = "sha256" if path.suffix == ".safetensors" else "sha1"
            blob = place / "blobs" / hashlib.new(kind, content).hexdigest()
            blob.write_bytes(content)
            link = snapshot / path.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(blob, link.parent))
    return snapshot


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and no network: any call to it fails at once."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_a_complete_cache_is_used_offline_and_has_the_digest_of_the_folder(cache, folders, settings, depth):
    plain = Models(**folders["sd"], device="cpu")
    cache_of(folders["sd"]["diffusion"], cache)
    for name in (NAME, f"{NAME}@main", f"{NAME}@{COMMIT}"):
        models = Models(name, folders["sd"]["controlnet"], device="cpu")
        assert models.digest("float32") == plain.digest("float32")
    picture = open_painter(models, settings).portrait(depth, "a man", "", 1)
    assert (picture == open_painter(plain, settings).portrait(depth, "a man", "", 1)).all()


def test_a_blob_is_trusted_for_its_name_only_where_that_is_a_sha256_in_a_folder_of_blobs(folders, tmp_path):
    plain = Models(**folders["sd"])
    snapshot = cache_of(folders["sd"]["diffusion"], tmp_path / "hub")
    linked = Models(str(snapshot), folders["sd"]["controlnet"])
    assert linked.digest("float32") == plain.digest("float32")
    shutil.move(tmp_path / "hub" / "models--someone--tiny-base" / "blobs", tmp_path / "hub" / "blobs")
    weights = snapshot / "unet" / "diffusion_pytorch_model.safetensors"
    wrong = tmp_path / "hub" / "models--someone--tiny-base" / "other" / ("0" * 64)
    wrong.parent.mkdir()
    shutil.copy(Path(folders["sd"]["diffusion"], "unet", weights.name), wrong)
    shutil.rmtree(snapshot)
    shutil.copytree(folders["sd"]["diffusion"], snapshot)
    weights.unlink()
    weights.symlink_to(wrong)  # a name like a digest, elsewhere: read
    assert linked.digest("float32") == plain.digest("float32")


def test_a_broken_off_download_names_what_is_missing(cache, folders, settings):
    snapshot = cache_of(folders["sd"]["diffusion"], cache)
    (snapshot / "unet" / "diffusion_pytorch_model.safetensors").resolve().unlink()
    with pytest.raises(
        WorkFailed,
        match=r"^diffusion model someone/tiny-base is not complete in the cache, it lacks unet/diffusion_pytorch_model"
        r".safetensors .*; run again with network access and without HF_HUB_OFFLINE",
    ) as raised:
        open_painter(Models(NAME, folders["sd"]["controlnet"], device="cpu"), settings)
    assert "\n" not in str(raised.value)


def test_a_model_that_is_not_in_the_cache_fails_cleanly_offline(cache, settings):
    with pytest.raises(
        WorkFailed, match=r"^diffusion model some/one is not complete in the cache, it lacks all of its"
    ):
        open_painter(Models("some/one", device="cpu"), settings)


def test_only_what_is_read_is_fetched_and_what_is_there_is_kept(cache, folders, settings, monkeypatch):
    import huggingface_hub

    source, asked = Path(folders["sd"]["diffusion"]), []
    files = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
    snapshot = cache / "models--someone--tiny-base" / "snapshots" / COMMIT

    def download(repository, revision, allow_patterns):
        asked.append((repository, revision, sorted(allow_patterns)))
        for name in allow_patterns:
            (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, snapshot / name)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    extra = ["README.md", "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.non_ema.safetensors"]
    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", lambda self, name, revision: [*files, *extra])
    models = Models(f"{NAME}@{COMMIT}", folders["sd"]["controlnet"], device="cpu")
    assert models.digest("float32") == Models(**folders["sd"]).digest("float32")
    first, second = asked
    assert first == (NAME, COMMIT, ["model_index.json"]) and second[:2] == (NAME, COMMIT)
    assert not set(second[2]) & set(extra) and set(second[2]) <= set(files)
    open_painter(models, settings)
    assert len(asked) == 2


def test_an_unknown_revision_is_the_callers_mistake(cache, monkeypatch):
    import httpx2
    import huggingface_hub
    from huggingface_hub.errors import RevisionNotFoundError

    def unknown(*args, **kwargs):
        raise RevisionNotFoundError("none", response=httpx2.Response(404, request=httpx2.Request("GET", "http://x")))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unknown)
    with pytest.raises(InvalidInput, match=r"^diffusion model is 'some/one@v9'; the Hub has no such revision"):
        Models("some/one@v9").files("float32")
