"""A dataset in an object store: the objects are the files that a directory would have, and never there in part."""

import threading
import uuid

import fsspec
import pytest
from directories import contents, objects
from fake_maker import BrokenMaker, FakeMaker

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import MANIFEST, parse_manifest
from dataset_script.spec import Spec
from generation.run.generate import generate
from generation.run.job import Part
from generation.run.local import Local
from generation.run.merge import merge
from generation.run.share import Share

SPEC = Spec(identities=6, size=64, identities_per_shard=2)
FIRST = "data/train-00000-of-00002.parquet"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "pain3d"
    generate(out, SPEC, maker_factory=FakeMaker)
    return contents(out)


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """URL of a bucket on a server of this machine that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        fsspec.filesystem("s3").mkdir("faces")
        yield "s3://faces"
    server.stop()
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.fixture(params=["memory", "s3"])
def url(request):
    """A prefix that is empty."""
    bucket = request.getfixturevalue("s3") if request.param == "s3" else "memory://faces"
    return f"{bucket}/{uuid.uuid4().hex}"


def test_a_store_ends_with_the_files_of_a_directory_also_after_an_error(url, whole):
    with pytest.raises(ZeroDivisionError):
        generate(url, SPEC, maker_factory=BrokenMaker)
    begun = objects(url)
    entries = parse_manifest(begun[MANIFEST], MANIFEST)
    assert entries and all(whole[name] == begun[name] for name in begun if name.endswith(".parquet"))
    assert {entry.path for entry in entries} == {name for name in begun if name.endswith(".parquet")}
    made = generate(url, SPEC, maker_factory=FakeMaker)
    assert made.place == url and 0 < made.made < made.frames == 198
    assert objects(url) == whole
    assert generate(url, SPEC, maker_factory=BrokenMaker).made == 0


def test_what_was_cut_short_or_deleted_is_put_there_again(url, whole):
    generate(url, SPEC, maker_factory=FakeMaker)
    files, prefix = fsspec.core.url_to_fs(url)
    files.pipe_file(f"{prefix}/{FIRST}", whole[FIRST][:1000])
    files.rm_file(f"{prefix}/pairs/test-00000-of-00001.parquet")
    assert generate(url, SPEC, maker_factory=FakeMaker).made == 3 * 33
    assert objects(url) == whole


def test_other_datasets_and_other_objects_are_refused(url):
    generate(url, Spec(identities=1, size=64), maker_factory=FakeMaker)
    before = objects(url)
    with pytest.raises(InvalidInput, match=rf"{url} holds another dataset: identities was 1 and is 6"):
        generate(url, SPEC, maker_factory=FakeMaker)
    assert objects(url) == before
    files, prefix = fsspec.core.url_to_fs(f"{url}-thesis")
    files.pipe_file(f"{prefix}/thesis.tex", b"years of work")
    with pytest.raises(InvalidInput, match=r"not empty and holds no spec\.json \(but 'thesis\.tex'\)"):
        generate(f"{url}-thesis", SPEC, maker_factory=FakeMaker)


def test_two_runs_at_once_do_no_harm(s3, whole):
    """Neither can lock the store; both make everything, and whoever is last leaves a complete manifest."""
    url, errors = f"{s3}/{uuid.uuid4().hex}", []

    def run():
        try:
            generate(url, SPEC, maker_factory=FakeMaker)
        except (InvalidInput, WorkFailed) as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert objects(url) == whole


def test_processes_put_their_shards_into_s3(s3, whole):
    url = f"{s3}/{uuid.uuid4().hex}"
    generate(url, SPEC, Local(2), maker_factory=FakeMaker)
    assert objects(url) == whole


def test_shares_in_a_store_are_joined_into_a_directory_and_a_store(url, whole, tmp_path):
    for number in (1, 2):
        generate(url, SPEC, maker_factory=FakeMaker, part=Part(share=Share(number, 2)))
    merge([url], tmp_path / "out")
    assert contents(tmp_path / "out") == whole
    merge([url], f"{url}-whole")
    assert objects(f"{url}-whole") == whole


def test_a_store_of_one_process_takes_no_more_workers():
    with pytest.raises(InvalidInput, match=r"memory://faces/x, which only this process sees; allowed with 2 workers"):
        generate("memory://faces/x", SPEC, Local(2), maker_factory=FakeMaker)


def test_a_file_url_is_a_directory(tmp_path, whole):
    generate(f"file://{tmp_path}/out", SPEC, maker_factory=FakeMaker)
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize(
    ("place", "kind", "line"),
    [
        ("moon://faces/x", InvalidInput, "out is moon://faces/x: Protocol not known"),
        ("memory://", InvalidInput, "allowed: with a bucket or folder, as memory://pain3d/full"),
        ("s3://faces/*", InvalidInput, "load_dataset takes for a pattern"),
        ("simplecache::s3://faces/x", InvalidInput, "load_dataset takes for a pattern"),
    ],
)
def test_places_that_are_none_are_refused(place, kind, line):
    with pytest.raises(kind, match=line.replace("*", r"\*")):
        generate(place, SPEC, maker_factory=FakeMaker)


def test_a_bucket_that_is_not_there_is_one_line(s3):
    with pytest.raises(WorkFailed, match=r"cannot (read|write) s3://no-such-bucket/x"):
        generate("s3://no-such-bucket/x", SPEC, maker_factory=FakeMaker)


def test_painted_looks_need_a_directory():
    spec = Spec(identities=1, size=64, look="kandinsky", diffusion_models="0" * 64)
    with pytest.raises(InvalidInput, match="allowed with look 'kandinsky': a directory"):
        generate("memory://faces/painted", spec, maker_factory=FakeMaker)
