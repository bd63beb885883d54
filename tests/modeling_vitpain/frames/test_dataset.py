"""The model's inputs: references of the right person, augmentation that keeps labels valid, cached teachers."""

import errno
import itertools
import os

import datasets
import numpy as np
import pytest
import torch
from datasets import Dataset, Image
from small_faces import SIZE, png, processor, rows_of, small_model

from dataset_script.errors import InvalidInput, WorkFailed
from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.frames.augmentation.light import LightVariation
from modeling_vitpain.frames.dataset import PainFrames, open_split
from modeling_vitpain.frames.neutral_frames import NeutralFrames, NeutralReferences
from modeling_vitpain.training.content_hash import model_hash
from modeling_vitpain.training.teacher_cache import teacher_outputs


@pytest.fixture(scope="module")
def rows():
    """Three people, three expressions and the neutral one, two views."""
    return rows_of(range(3), 4)


@pytest.fixture(scope="module")
def teacher():
    return small_model().eval()


def with_pictures(rows: Dataset, column: str, pictures: dict[int, np.ndarray]) -> Dataset:
    """`rows` with other pictures in some places."""
    encoded = rows.cast_column(column, Image(decode=False))

    def change(row, k):
        return {column: {"bytes": png(pictures[k]), "path": None} if k in pictures else row[column]}

    return encoded.map(change, with_indices=True).cast_column(column, rows.features[column])


class TestReferences:
    def test_evaluation_shows_the_neutral_frame_of_the_same_view(self, rows):
        frames = PainFrames(rows, processor(), reference=NeutralFrames())
        plain = PainFrames(rows, processor())
        place = {frame_id: k for k, frame_id in enumerate(rows["frame_id"])}
        for k, row in enumerate(rows):
            item = frames[k]
            assert item["reference_pixel_values"].shape == (1, 3, SIZE, SIZE)
            assert item["reference_mask"].tolist() == [True]
            assert torch.equal(item["pixel_values"], plain[k]["pixel_values"])
            if row["expression_id"]:
                expected = place[row["neutral_frame_id"]]
            else:
                expected = place[f"{row['identity_id']:05d}-00-{1 - row['view_id']}"]
            assert torch.equal(item["reference_pixel_values"][0], plain[expected]["pixel_values"])

    def test_training_draws_any_view_of_the_same_person_and_never_the_frame_itself(self, rows):
        references = NeutralReferences(rows, rows)
        identity, expression = rows["identity_id"][:], rows["expression_id"][:]
        for k in range(len(rows)):
            drawn = {references.drawn(k, np.random.default_rng(seed)) for seed in range(30)}
            assert all(identity[j] == identity[k] and expression[j] == 0 and j != k for j in drawn)
            assert len(drawn) == (2 if expression[k] else 1)

    @pytest.mark.parametrize("share", [0.5, 1.0])
    def test_a_share_of_training_has_the_frames_own_view_as_evaluation_has(self, rows, share):
        references = NeutralReferences(rows, rows, same_view_share=share)
        moving = [k for k, expression in enumerate(rows["expression_id"][:]) if expression]
        random = np.random.default_rng(0)
        same = np.mean([references.drawn(k, random) == references.fixed(k) for k in moving for _ in range(400)])
        assert same == pytest.approx(share + (1 - share) / 2, abs=0.02)  # one of two views by chance

    def test_training_is_a_function_of_seed_epoch_and_draw(self, rows):
        one, two = (PainFrames(rows, processor(), augment_seed=5, reference=NeutralFrames()) for _ in range(2))
        _ = [one[k] for k in range(5)]
        key = "reference_pixel_values"
        assert torch.equal(one[3][key], two[3][key])
        assert not torch.equal(one[3][key], one[3, 1][key])
        two.set_epoch(1)
        assert not torch.equal(one[3][key], two[3][key])
        plain = PainFrames(rows, processor(), augment_seed=5)
        assert torch.equal(plain[3]["pixel_values"], one[3]["pixel_values"])  # references change no other draw

    def test_a_mirrored_frame_has_a_mirrored_reference(self):
        """A face is not symmetric: the picture's mirror image is another person than the reference."""
        half = np.zeros((SIZE, SIZE), dtype=np.uint8)
        half[:, : SIZE // 2] = 200
        rows = with_pictures(rows_of(range(1), 2), "image", dict.fromkeys(range(4), half))
        frames = PainFrames(rows, processor(), augment_seed=0, reference=NeutralFrames())
        found = set()
        for epoch in range(20):
            frames.set_epoch(epoch)
            item = frames[2]
            left, right = (
                [item[key][..., side].mean() for key in ("pixel_values", "reference_pixel_values")]
                for side in (slice(0, SIZE // 2), slice(SIZE // 2, None))
            )
            assert (left[0] > right[0]) == (left[1] > right[1])
            found.add(bool(left[0] > right[0]))
        assert found == {True, False}

    def test_dropout_empties_its_share_of_training_slots_only(self, rows):
        frames = PainFrames(rows, processor(), augment_seed=0, reference=NeutralFrames(dropout=0.25))
        filled = []
        for epoch in range(40):
            frames.set_epoch(epoch)
            items = [frames[k] for k in range(len(rows))]
            filled += [item["reference_mask"].item() for item in items]
            assert all(item["reference_mask"] or not item["reference_pixel_values"].any() for item in items)
        assert np.mean(filled) == pytest.approx(0.75, abs=0.05)
        evaluation = PainFrames(rows, processor(), reference=NeutralFrames(dropout=0.25))
        assert all(evaluation[k]["reference_mask"].item() for k in range(len(rows)))

    def test_a_person_without_another_neutral_frame_has_an_empty_slot(self):
        frames = PainFrames(rows_of(range(2), 3, views=1), processor(), reference=NeutralFrames())
        assert [frames[k]["reference_mask"].item() for k in range(6)] == [False, True, True] * 2

    def test_references_may_lie_outside_of_the_rows(self, rows):
        pain = rows.filter(lambda row: row["expression_id"] == 2)
        whole, part = (PainFrames(r, processor(), reference=NeutralFrames(rows)) for r in (rows, pain))
        at = [k for k, expression in enumerate(rows["expression_id"]) if expression == 2]
        for k, j in enumerate(at):
            assert torch.equal(part[k]["reference_pixel_values"], whole[j]["reference_pixel_values"])
        with pytest.raises(InvalidInput, match="6 frames, none with a neutral frame"):
            PainFrames(pain, processor(), reference=NeutralFrames())
        alone = PainFrames(pain, processor(), reference=NeutralFrames(required=False))
        assert not alone.references.some and not alone[0]["reference_mask"].any()

    def test_each_is_cropped_by_its_own_face_box(self, rows):
        own = ViTPainImageProcessor(size={"height": SIZE, "width": SIZE}, face_crop=1.0)
        boxes = [[0.0, 0.0, 16.0, 16.0] if not e else [0.0, 0.0, 32.0, 32.0] for e in rows["expression_id"]]
        moved = rows.remove_columns("face_box").add_column("face_box", boxes)
        item = PainFrames(moved, own, reference=NeutralFrames())[2]
        expected = own(rows[0]["image"].convert("RGB").crop((0, 0, 16, 16)), return_tensors="pt")["pixel_values"][0]
        torch.testing.assert_close(item["reference_pixel_values"][0], expected, atol=1e-6, rtol=0)

    def test_a_heatmap_has_no_reference(self, rows):
        with pytest.raises(InvalidInput, match="already the change from neutral"):
            PainFrames(rows, processor(), "heatmap", reference=NeutralFrames())

    def test_columns_that_are_missing_are_named(self, rows):
        with pytest.raises(InvalidInput, match="no column neutral_frame_id"):
            PainFrames(rows.remove_columns("neutral_frame_id"), processor(), reference=NeutralFrames())


class TestVariationsLeaveLabelsTrue:
    BROWS = tuple(itertools.product((-0.34, 0.34), (-0.25, 0.0)))
    """The extremes of landmarks 17-26, in sides of a face crop of 1.1 from its centre: 1,584 generated frames of 48
    people in three views span -0.33 to 0.33 and -0.22 to -0.02."""

    @pytest.mark.parametrize("variation", LightVariation.extremes())
    def test_no_draw_moves_a_brow_out_of_the_picture(self, variation):
        side = 100
        a, _, c, _, e, f = variation.matrix(side, side)
        for x, y in self.BROWS:
            seen = ((side * (0.5 + x) - c) / a, (side * (0.5 + y) - f) / e)  # input pixel -> output pixel
            assert all(0.04 * side < value < 0.96 * side for value in seen)

    def test_matrix_is_where_the_pixels_go(self):
        for variation in LightVariation.extremes():
            pixels = np.zeros((100, 100, 3), dtype=np.uint8)
            pixels[28:32, 18:22] = 255
            weights = variation.move(pixels)[..., 0].astype(float)
            y, x = (np.average(np.arange(100) + 0.5, weights=weights.sum(axis=axis)) for axis in (1, 0))
            a, _, c, _, e, f = variation.matrix(100, 100)
            assert (x, y) == (pytest.approx((20 - c) / a, abs=0.3), pytest.approx((30 - f) / e, abs=0.3))

    def test_no_draw_is_beyond_the_extremes(self):
        extremes = LightVariation.extremes()
        for seed in range(500):
            drawn = LightVariation.draw(np.random.default_rng(seed))
            assert max(map(abs, drawn.shift)) <= max(v.shift[0] for v in extremes)
            assert min(v.zoom for v in extremes) <= drawn.zoom <= max(v.zoom for v in extremes)

    def test_mirrored_or_not_the_labels_stay(self, rows):
        """The AUs are bilateral: a mirror image has the same ones, and the same PSPI."""
        frames = PainFrames(rows, processor(), augment_seed=0)
        mirrored = [LightVariation.draw(np.random.default_rng([0, 0, k, 0])).mirror for k in range(len(rows))]
        assert 5 < sum(mirrored) < len(rows) - 5
        for k, row in enumerate(rows):
            assert frames[k]["au_labels"].tolist() == row["au"]
            assert frames[k]["labels"].item() == row["pspi"]


class TestTeacherCache:
    def test_outputs_are_those_of_the_teacher_on_the_heatmap(self, rows, teacher, tmp_path):
        found = teacher_outputs(teacher, processor(), rows, tmp_path)
        frames = PainFrames(rows, processor(), "heatmap")
        with torch.no_grad():
            expected = teacher(torch.stack([frames[k]["pixel_values"] for k in range(len(rows))]))
        for name in ("logits", "au", "cls"):
            torch.testing.assert_close(found[name], expected[name], atol=1e-5, rtol=1e-5)
        item = PainFrames(rows, processor(), augment_seed=0, teacher=found)[7]
        assert torch.equal(item["teacher_cls"], found["cls"][7])  # whatever the variation

    def test_a_second_run_reads_and_an_interrupted_one_goes_on(self, rows, teacher, tmp_path, monkeypatch):
        monkeypatch.setattr("modeling_vitpain.training.teacher_cache._CHUNK", 10)
        whole = teacher_outputs(teacher, processor(), rows, tmp_path / "a")
        files = sorted((tmp_path / "a").iterdir(), key=lambda path: path.name)
        assert len(files) == 3
        first = [path.stat().st_mtime_ns for path in files]
        (tmp_path / "b").mkdir()
        for path in files[:2]:  # what a killed run left
            (tmp_path / "b" / path.name).write_bytes(path.read_bytes())
        resumed = teacher_outputs(teacher, processor(), rows, tmp_path / "b")
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)
        assert all((tmp_path / "b" / path.name).read_bytes() == path.read_bytes() for path in files)
        teacher_outputs(teacher, processor(), rows, tmp_path / "a")
        assert [path.stat().st_mtime_ns for path in files] == first

    def test_another_teacher_processor_or_dataset_is_another_entry(self, rows, teacher, tmp_path):
        other = small_model().eval()
        with torch.no_grad():
            other.au_head.queries[0, 0] += 1e-3
        teacher_outputs(teacher, processor(), rows, tmp_path)
        count = 1
        changed_box = [[0.0, 0.0, 31.0, 32.0], *rows["face_box"][1:]]
        hotter = np.minimum(np.asarray(rows[5]["heatmap"]).astype(int) + 1, 255).astype(np.uint8)
        same_processor = processor()
        cropped = ViTPainImageProcessor(size={"height": SIZE, "width": SIZE}, face_crop=1.1)
        for who, how, what in (
            (other, same_processor, rows),
            (teacher, cropped, rows),
            (teacher, same_processor, rows.remove_columns("face_box").add_column("face_box", changed_box)),
            (teacher, same_processor, with_pictures(rows, "heatmap", {5: hotter})),
            (teacher, same_processor, rows.select(range(len(rows) - 1))),
        ):
            teacher_outputs(who, how, what, tmp_path)
            count += 1
            assert len(list(tmp_path.iterdir())) == count
        teacher_outputs(teacher, processor(), rows, tmp_path)
        assert len(list(tmp_path.iterdir())) == count

    def test_where_a_teacher_was_loaded_from_does_not_count(self, teacher, tmp_path):
        from modeling_vitpain.prediction.load import load_model

        hashes = set()
        for name in ("a", "b"):
            teacher.save_pretrained(tmp_path / name)
            processor().save_pretrained(tmp_path / name)
            loaded, its_processor = load_model(tmp_path / name)
            hashes.add(model_hash(loaded, loaded.config, its_processor))
        assert len(hashes) == 1

    def test_stale_and_damaged_files_are_refused(self, rows, teacher, tmp_path):
        teacher_outputs(teacher, processor(), rows, tmp_path)
        (mine,) = tmp_path.iterdir()
        fewer = rows.select(range(5))
        teacher_outputs(teacher, processor(), fewer, tmp_path)
        (other,) = set(tmp_path.iterdir()) - {mine}
        os.replace(other, mine)
        with pytest.raises(WorkFailed, match="is stale: made for"):
            teacher_outputs(teacher, processor(), rows, tmp_path)
        mine.write_bytes(mine.read_bytes()[:200])
        with pytest.raises(WorkFailed, match="is damaged"):
            teacher_outputs(teacher, processor(), rows, tmp_path)

    def test_a_teacher_in_training_mode_is_refused(self, rows, tmp_path):
        with pytest.raises(InvalidInput, match="allowed is eval mode"):
            teacher_outputs(small_model().train(), processor(), rows, tmp_path)

    def test_outputs_of_other_frames_are_refused(self, rows, teacher, tmp_path):
        found = teacher_outputs(teacher, processor(), rows.select(range(4)), tmp_path)
        with pytest.raises(InvalidInput, match="teacher has outputs of 4 rows; allowed is 24"):
            PainFrames(rows, processor(), teacher=found)


@pytest.mark.parametrize("full", [False, True])
def test_a_cache_that_cannot_be_written_is_blamed_and_not_the_data(tmp_path, monkeypatch, full):
    (tmp_path / "no-home").touch()
    cache = tmp_path / "cache" if full else tmp_path / "no-home" / ".cache" / "datasets"
    rows_of(range(1), 2).to_parquet(tmp_path / "data" / "train.parquet")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    if full:
        no_room = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        monkeypatch.setattr(
            "modeling_vitpain.frames.dataset.load_dataset", lambda *_, **__: (_ for _ in ()).throw(no_room)
        )
    with pytest.raises(WorkFailed, match=r"^the cache of datasets.*which is .*set HF_HOME to a folder") as failed:
        open_split(tmp_path / "data", "train")
    assert str(cache) in str(failed.value) and ("full" in str(failed.value)) is full
