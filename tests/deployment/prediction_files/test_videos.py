"""``segadapt predict`` of videos, read back with OpenCV."""

import cv2
import numpy as np
import pytest
from deployed import scene, write_run

import segadapt
from segadapt.cli.predict import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    data = ("data=cityscapes", "data.scale=[48,32]", "data.crop=[32,32]")
    return write_run(folder, *data, "classifier=fixed")


def typed(run, *words):
    return main([f"run={run}", "device=cpu", *words])


def said(capsys, run, *words):
    """What an error says."""
    with pytest.raises(SystemExit) as ended:
        typed(run, *words)
    return f"{ended.value.code} {capsys.readouterr().err}"


def write_clip(file, codec="MJPG", frames=7):
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*codec), 12.5, (64, 48))
    for seed in range(frames):
        video.write(scene(48, 64, seed))
    video.release()
    return file


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "mp4v"), (".avi", "MJPG")])
def test_videos_keep_frames_rate_and_size(run, tmp_path, capsys, suffix, codec):
    clip = write_clip(tmp_path / f"clip{suffix}", codec)
    out = tmp_path / "out"
    assert typed(run, f"images={clip}", f"out={out}", "opacity=0.25") == 0
    assert [file.name for file in out.iterdir()] == [clip.name]
    before, after = (cv2.VideoCapture(str(file)) for file in (clip, out / clip.name))
    for key in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
        assert after.get(key) == before.get(key)
    frames = [[], []]
    for kept, capture in zip(frames, (before, after), strict=True):
        while (found := capture.read())[0]:
            kept.append(found[1])
    assert [len(one) for one in frames] == [7, 7]
    model = segadapt.load(run, device="cpu")
    overlay = model.predict(frames[0][3][..., ::-1]).overlay(opacity=0.25, legend=False)
    assert np.abs(overlay[..., ::-1].astype(int) - frames[1][3]).mean() < 12  # lossy codecs
    assert "already exists; choose another out=" in said(
        capsys, run, f"images={clip}", f"out={out}"
    )


def test_odd_sides_of_a_video_are_told(run, tmp_path, monkeypatch, capsys):
    """OpenCV cannot write such a video, so a reader of one is made up."""
    from segadapt.deployment.prediction_files import video, video_command

    clip = video.Clip(tmp_path / "a.mp4", 33, 25, 5.0, 2)
    monkeypatch.setattr(video_command, "read_clip", lambda file: clip)
    monkeypatch.setattr(video, "_frames", lambda clip: iter([scene(25, 33)] * 2))
    assert typed(run, f"images={clip.file}", f"out={tmp_path / 'out'}") == 0
    assert "33 x 25 became 32 x 24" in capsys.readouterr().out
    written = cv2.VideoCapture(str(tmp_path / "out" / "a.mp4"))
    assert (written.get(3), written.get(4), written.get(7)) == (32, 24, 2)


def test_a_damaged_video_is_reported_with_exit_code_1(run, tmp_path, capsys):
    clip = write_clip(tmp_path / "clip.avi", frames=12)
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) // 2])
    assert typed(run, f"images={clip}", f"out={tmp_path / 'out'}") == 1
    told = capsys.readouterr().err
    assert f"note: {clip} has 12 frames according to its header, and " in told
    assert "the file may be damaged or incomplete" in told


@pytest.mark.parametrize(("stated", "code"), [(0, 0), (2, 0), (3, 0), (4, 1)])
def test_headers_may_be_wrong_by_a_frame(run, tmp_path, monkeypatch, capsys, stated, code):
    from segadapt.deployment.prediction_files import video, video_command

    clip = video.Clip(tmp_path / "a.mp4", 32, 24, 5.0, stated)
    monkeypatch.setattr(video_command, "read_clip", lambda file: clip)
    monkeypatch.setattr(video, "_frames", lambda clip: iter([scene(24, 32)] * 2))
    assert typed(run, f"images={clip.file}", f"out={tmp_path / 'out'}") == code
    assert ("frames according to its header" in capsys.readouterr().err) == (stated > 2)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("images=no.mp4",), "no.mp4 does not exist"),
        (("images=BROKEN",), "cannot be read as a video"),
        (("images=CLIP", "save=labels"), "only overlays are written; remove save="),
        (("images=CLIP", "save=[overlay,confidence]"), "only overlays are written; remove save="),
        (("images=CLIP", "numbers=train", "windows=64"), "remove numbers= and windows="),
        (("images=CLIP", "labels=CLIP"), "only overlays are written; remove labels="),
        (("images=CLIP", "max_pixels=3071"), "has 64 x 48 pixels, more than max_pixels=3071"),
    ],
)
def test_what_a_video_cannot_have_is_refused(run, tmp_path, capsys, words, sentence):
    places = {"CLIP": write_clip(tmp_path / "clip.avi", frames=1), "BROKEN": tmp_path / "b.mp4"}
    places["BROKEN"].write_bytes(b"not a video")
    for name, place in places.items():
        words = tuple(word.replace(name, str(place)) for word in words)
    assert sentence in said(capsys, run, *words, f"out={tmp_path / 'out'}")
    assert not (tmp_path / "out").exists()


def test_an_overlay_alone_may_be_asked_for(run, tmp_path):
    clip = write_clip(tmp_path / "clip.avi", frames=1)
    words = ("save=overlay", "legend=false", "max_pixels=3072")
    assert typed(run, f"images={clip}", f"out={tmp_path / 'out'}", *words) == 0
