"""``segadapt predict`` of rasters, read back with rasterio."""

import json
import subprocess
import sys

import numpy as np
import pytest
from deployed import scene, write_run
from geotiffs import SYSTEM, place, write_tiff
from PIL import Image

import segadapt
from segadapt.cli.predict import main
from segadapt.data.files.raster_windows import Raster
from segadapt.data.label_table.table import LabelTable, Values
from segadapt.data.labels import LabelContract
from segadapt.deployment.prediction_files import predict_command, raster_files
from segadapt.deployment.prediction_files.geotiff import LabelRaster, numbering

rasterio = pytest.importorskip("rasterio")
WINDOW = ("inference=slide", "inference.window=[64,64]")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    data = ("data=cityscapes", "data.scale=[48,32]", "data.crop=[32,32]")
    return write_run(folder, *data, "classifier=fixed")


@pytest.fixture
def image(tmp_path):
    pixels = scene(200, 150)
    pixels[60:90, 40:70] = 0
    pixels[pixels.sum(2) == 0] = 0
    return pixels, write_tiff(tmp_path / "photos" / "big.tif", pixels, nodata=0)


def typed(run, file, out, *words):
    return main([f"run={run}", f"images={file}", f"out={out}", "device=cpu", "windows=64", *words])


def read(file):
    with rasterio.open(file) as opened:
        return opened.read(1), opened.profile, opened.colormap(1)


def test_a_raster_becomes_a_geotiff_with_the_labels_of_inference_by_windows(run, image, tmp_path):
    pixels, file = image
    assert typed(run, file, tmp_path / "out", *WINDOW) == 0
    numbers, profile, colors = read(tmp_path / "out" / "labels" / "big.tif")
    model = segadapt.load(run, device="cpu")
    way = model.inference("slide", {"window": [64, 64], "blend": "gaussian"})
    predictor = model.predictor(way)._replace(resized=lambda array: array)
    from segadapt.deployment.inputs.images import Photograph

    (maps,) = predictor.maps([Photograph(pixels, "a")], [None], ["labels"], ["student"])
    contract = model.trained.data.labels
    expected = contract.published(maps["student"]["labels"])
    empty = (pixels == 0).all(2)
    ignored = max(contract.table.ignored.numbers)
    np.testing.assert_array_equal(numbers, np.where(empty, ignored, expected))
    assert empty.sum() >= 900
    assert profile["crs"] == rasterio.CRS.from_string(SYSTEM)
    assert profile["transform"] == place()
    assert profile["nodata"] == ignored
    assert profile["tiled"]
    assert profile["compress"] == "deflate"
    for number, color in zip(contract.numbers, model.colors, strict=True):
        assert colors[number][:3] == tuple(color)
    record = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert record["finished"]
    assert record["settings"]["windows"] == 64


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # of read
def test_numbers_may_be_those_of_the_network_and_a_tiff_without_place(run, tmp_path, capsys):
    file = write_tiff(tmp_path / "plain.tif", scene(80, 100), referenced=False)
    assert typed(run, file, tmp_path / "out", "numbers=train") == 0
    numbers, profile, _ = read(tmp_path / "out" / "labels" / "plain.tif")
    assert numbers.max() < 19
    assert profile["nodata"] == 255
    assert profile["crs"] is None
    assert "no overlay is written" in capsys.readouterr().out


def test_what_is_there_is_kept_and_what_was_interrupted_leaves_nothing(
    run, image, tmp_path, monkeypatch
):
    _, file = image

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LabelRaster, "write", interrupted)
        with pytest.raises(BaseException):  # noqa: B017, PT011 # SystemExit or KeyboardInterrupt
            typed(run, file, tmp_path / "out")
        assert not list((tmp_path / "out").rglob("*.tif*"))
        assert not json.loads((tmp_path / "out" / "predictions.json").read_text())["finished"]
    assert typed(run, file, tmp_path / "out") == 0
    with monkeypatch.context() as patch:
        patch.setattr(LabelRaster, "write", interrupted)  # nothing is written again
        assert typed(run, file, tmp_path / "out") == 0


def test_rasters_of_other_settings_are_not_kept_after_an_interruption(
    run, image, tmp_path, monkeypatch
):
    """``overwrite=true`` with other settings, ended at the second raster, then continued."""
    _, file = image
    write_tiff(file.with_name("second.tif"), scene(64, 64, 3))
    out, whole, words = tmp_path / "out", tmp_path / "whole", ("save=[labels]",)
    typed(run, file.parent, out, *words)
    typed(run, file.parent, whole, *words, "numbers=train")
    once = raster_files._predict

    def interrupted(source, *rest):
        if source.name.name == "second":
            raise KeyboardInterrupt
        once(source, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(raster_files, "_predict", interrupted)
        with pytest.raises(BaseException):  # noqa: B017, PT011 # SystemExit or KeyboardInterrupt
            typed(run, file.parent, out, *words, "numbers=train", "overwrite=true")
    assert not json.loads((out / "predictions.json").read_text())["finished"]
    assert typed(run, file.parent, out, *words, "numbers=train") == 0
    for name in ("big", "second"):
        ours, theirs = (read(folder / "labels" / f"{name}.tif")[0] for folder in (out, whole))
        np.testing.assert_array_equal(ours, theirs)


def test_a_raster_of_another_content_is_predicted_again(run, image, tmp_path, capsys):
    pixels, file = image
    typed(run, file, tmp_path / "out")
    before, *_ = read(tmp_path / "out" / "labels" / "big.tif")
    write_tiff(file, np.flip(pixels).copy(), nodata=0)
    capsys.readouterr()
    assert typed(run, file, tmp_path / "out") == 0
    assert "predicted 1 raster" in capsys.readouterr().out
    after, *_ = read(tmp_path / "out" / "labels" / "big.tif")
    assert (before != after).any()


def test_a_folder_of_rasters_and_images_is_finished_when_both_are(
    run, image, tmp_path, monkeypatch
):
    _, file = image
    Image.fromarray(scene(24, 32)).save(file.with_name("small.png"))
    ledger = tmp_path / "out" / "predictions.json"
    seen = []
    once = predict_command.predict_files

    def watched(*given):
        seen.append(json.loads(ledger.read_text())["finished"])
        return once(*given)

    monkeypatch.setattr(predict_command, "predict_files", watched)
    for words in ((), ("overwrite=true",)):
        assert typed(run, file.parent, tmp_path / "out", *words) == 0
        record = json.loads(ledger.read_text())
        assert (record["finished"], record["rasters"], record["images"]) == (True, 1, 1)
    assert seen == [False, False]


def test_damaged_rasters_are_skipped_and_leave_nothing(run, image, tmp_path, capsys):
    _, file = image
    start, size = Raster(file).header.pieces[-1]
    content = bytearray(file.read_bytes())
    content[start : start + size] = bytes(size)
    file.write_bytes(content)
    write_tiff(file.with_name("good.tif"), scene(64, 64))
    assert typed(run, file.parent, tmp_path / "out") == 1
    assert "skipped: " in capsys.readouterr().err
    assert [f.name for f in sorted((tmp_path / "out").rglob("*.tif*"))] == ["good.tif"]
    record = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert "is damaged at" in record["skipped_rasters"][0]["reason"]


def test_tiffs_above_the_limit_are_rasters_without_being_asked_for(run, image, tmp_path):
    _, file = image
    words = [f"run={run}", f"images={file}", "device=cpu"]
    assert main([*words, f"out={tmp_path / 'by windows'}", "max_pixels=20000"]) == 0
    assert (tmp_path / "by windows" / "labels" / "big.tif").is_file()
    assert main([*words, f"out={tmp_path / 'whole'}"]) == 0
    assert (tmp_path / "whole" / "labels" / "big.png").is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["save=[overlay]"], "cannot be made of rasters that are read by windows; add labels"),
        (["windows=8"], "windows=8 is out of range"),
        (["inference=multiscale"], "take inference=whole"),
    ],
)
def test_what_rasters_cannot_have_is_refused(run, image, tmp_path, words, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        typed(run, image[1], tmp_path / "out", *words)
    assert sentence in f"{ended.value.code} {capsys.readouterr().err}"


def test_pixels_without_data_get_a_number_that_no_class_has():
    def chosen(numbers, ignored, kind="data"):
        table = LabelTable(
            tuple(f"c{n}" for n in numbers),
            tuple(Values((n,)) for n in numbers),
            ignored=Values(tuple(ignored)),
        )
        return numbering(LabelContract(table), kind)

    assert chosen([1, 2], [0, 255]).ignored == 255
    assert chosen([1, 255], [0]).ignored == 0
    assert chosen([0, 255], []).ignored == 65_535
    assert chosen([0, 255], []).numbers.dtype == np.uint16
    assert chosen([7, 9], [3], "train").ignored == 255
    assert chosen([7, 9], [3], "train").numbers.tolist() == [0, 1]


@pytest.mark.slow
def test_40_000_x_40_000_pixels_take_less_than_2_gib(run, tmp_path):
    file = tmp_path / "huge.tif"
    settings = {"driver": "GTiff", "height": 40_000, "width": 40_000, "count": 3, "dtype": "uint8"}
    tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate"}
    with rasterio.open(
        file, "w", nodata=0, SPARSE_OK=True, crs=SYSTEM, transform=place(), **settings, **tiles
    ) as target:
        for top, left in ((0, 0), (20_000, 19_900), (39_000, 39_000)):
            window = rasterio.windows.Window(left, top, 1000, 1000)
            target.write(np.moveaxis(scene(1000, 1000, top).clip(1), -1, 0), window=window)
    program = (
        "import re, sys; from segadapt.cli.predict import main; "
        "code = main(sys.argv[1:]); "
        # ru_maxrss would begin with that of the process that runs the tests
        "peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read()); "
        "print(peak[1]); sys.exit(code)"
    )
    words = [f"run={run}", f"images={file}", f"out={tmp_path / 'out'}", "device=cpu", "windows=512"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True
    )
    assert int(done.stdout.splitlines()[-1]) < 2 * 2**20  # KiB
    with rasterio.open(tmp_path / "out" / "labels" / "huge.tif") as opened:
        assert opened.shape == (40_000, 40_000)
        assert opened.transform == place()
        for top, left in ((0, 0), (20_000, 19_900), (39_000, 39_000)):
            inside = opened.read(1, window=rasterio.windows.Window(left, top, 1000, 1000))
            assert (inside != opened.nodata).all()
        outside = opened.read(1, window=rasterio.windows.Window(5000, 5000, 2000, 2000))
        assert (outside == opened.nodata).all()
