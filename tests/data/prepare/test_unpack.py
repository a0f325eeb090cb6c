import errno
import io
import stat
import struct
import tarfile
import zipfile
from types import SimpleNamespace

import pytest

from segadapt.data.prepare import archive_members, unpack
from segadapt.data.prepare.recipe import Folder

FOLDERS = [Folder("images/train", ".jpg", 2, "top/train"), Folder("lists", ".txt", 1, "top/sets")]
GOOD = {
    "top/train/a.jpg": b"a" * 1000,
    "top/train/deep/b.jpg": b"",
    "top/sets/train.txt": b"a\n",
    "top/other/c.jpg": b"c",
    "top/train/.hidden": b"h",
    "top/training/d.jpg": b"d",
    "README": b"r",
}
EXPECTED = {
    "images/train/a.jpg": b"a" * 1000,
    "images/train/deep/b.jpg": b"",
    "lists/train.txt": b"a\n",
}


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def tarred(path, files):
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def stage(tmp_path):
    folder = tmp_path / "stage ü"
    folder.mkdir()
    return folder


def written(stage):
    files = [file for file in stage.rglob("*") if not file.is_dir()]
    return {str(file.relative_to(stage)): file.read_bytes() for file in files}


def refused(path, stage, bars, match, folders=FOLDERS):
    with pytest.raises(ValueError, match=match) as caught:
        unpack.unpack(path, folders, stage, bars)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("write", [zipped, tarred])
def test_gives_the_folders_asked_for(tmp_path, stage, bars, write):
    write(tmp_path / "a", GOOD)
    unpack.unpack(tmp_path / "a", FOLDERS, stage, bars)
    assert written(stage) == EXPECTED


def test_a_leading_dot_is_no_matter(tmp_path, stage, bars):
    tarred(tmp_path / "a", {f"./{name}": content for name, content in GOOD.items()})
    unpack.unpack(tmp_path / "a", FOLDERS, stage, bars)
    assert written(stage) == EXPECTED


def test_modes_in_archives_are_not_taken_over(tmp_path, stage, bars):
    with tarfile.open(tmp_path / "a", "w") as archive:
        info = tarfile.TarInfo("top/train/a.jpg")
        info.mode, info.uid = 0o6777, 12345
        archive.addfile(info)
    unpack.unpack(tmp_path / "a", FOLDERS, stage, bars)
    mode = (stage / "images/train/a.jpg").stat().st_mode
    assert not mode & (stat.S_ISUID | stat.S_ISGID | 0o111)


OUTSIDE = [
    *("../evil", "top/train/../../../evil", "top/../..", "/evil", "//evil/x"),
    *(r"..\evil", r"top\..\..\evil", r"\evil", "C:/evil", "C:evil", r"\\host\share\evil"),
]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("write", [zipped, tarred])
def test_names_that_lead_out_are_refused(tmp_path, stage, bars, write, name):
    write(tmp_path / "a", {**GOOD, name: b"evil"})
    refused(tmp_path / "a", stage, bars, "is hostile: its member .* leads out")
    assert written(stage) == {}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", stage.name]


LINKS = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]


@pytest.mark.parametrize("kind", LINKS)
def test_links_and_devices_in_tars_are_refused(tmp_path, stage, bars, kind):
    with tarfile.open(tmp_path / "a", "w") as archive:
        info = tarfile.TarInfo("top/train/link.jpg")
        info.type, info.linkname = kind, "../../../secret"
        archive.addfile(info)
    refused(tmp_path / "a", stage, bars, r"link\.jpg is a link or device")
    assert written(stage) == {}


def test_a_linked_folder_is_not_written_through(tmp_path, stage, bars):
    target = tmp_path / "target"
    target.mkdir()
    with tarfile.open(tmp_path / "a", "w") as archive:
        link = tarfile.TarInfo("top/train")
        link.type, link.linkname = tarfile.SYMTYPE, str(target)
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("top/train/a.jpg"))
    refused(tmp_path / "a", stage, bars, "is a link or device")
    assert not any(target.iterdir())


def test_links_elsewhere_in_an_archive_are_left_there(tmp_path, stage, bars):
    tarred(tmp_path / "a", GOOD)
    with tarfile.open(tmp_path / "a", "a") as archive:
        link = tarfile.TarInfo("top/other/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(link)
    unpack.unpack(tmp_path / "a", FOLDERS, stage, bars)
    assert written(stage) == EXPECTED


def test_links_in_zips_are_refused(tmp_path, stage, bars):
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        link = zipfile.ZipInfo("top/train/link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "a", stage, bars, "is a link or device")
    assert written(stage) == {}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(unpack, "SLACK", 1_000_000)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path, stage, bars, small):
    zipped(tmp_path / "a", {"top/train/a.jpg": bytes(2_000_000)})
    refused(tmp_path / "a", stage, bars, r"would unpack to more than 1\.0 MB")
    assert written(stage) == {}


def test_bombs_of_many_files_are_refused(tmp_path, stage, bars, small):
    zipped(tmp_path / "a", {f"top/train/{k}.jpg": bytes(200_000) for k in range(10)})
    refused(tmp_path / "a", stage, bars, "would unpack to more than")
    assert written(stage) == {}


def test_a_zip_that_lies_about_its_sizes_gives_no_more_than_it_says(tmp_path, stage, bars):
    zipped(tmp_path / "a", {"top/train/a.jpg": bytes(3_000_000)})
    content = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(
        content.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 10))
    )
    refused(tmp_path / "a", stage, bars, "is damaged")
    assert sum(map(len, written(stage).values())) <= 10


def test_sparse_tar_members_are_refused(tmp_path, stage, bars):
    with tarfile.open(tmp_path / "a", "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("top/train/a.jpg")
        info.pax_headers = {
            "GNU.sparse.map": "0,0",
            "GNU.sparse.size": str(1 << 40),
            "GNU.sparse.numblocks": "1",
        }
        archive.addfile(info)
    refused(tmp_path / "a", stage, bars, "hostile|more than")
    assert written(stage) == {}


def test_a_flood_of_members_is_refused(tmp_path, stage, bars, monkeypatch):
    monkeypatch.setattr(archive_members, "MOST", 5)
    zipped(tmp_path / "a", {f"other/{k}": b"" for k in range(6)})
    refused(tmp_path / "a", stage, bars, "more than 5 members")


@pytest.mark.parametrize("write", [zipped, tarred])
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_two_files_of_one_name_are_refused(tmp_path, stage, bars, write):
    write(tmp_path / "a", {"top/train/a.jpg": b"1", "top/./train/a.jpg": b"2"})
    refused(tmp_path / "a", stage, bars, r"a\.jpg twice")


@pytest.mark.parametrize("write", [zipped, tarred])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.8])
def test_truncated_archives_are_refused(tmp_path, stage, bars, write, kept):
    noise = bytes(k * k % 251 for k in range(50_000))
    write(tmp_path / "a", {f"top/train/{k}.jpg": noise for k in range(3)})
    content = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(content[: int(len(content) * kept)])
    refused(tmp_path / "a", stage, bars, "is damaged|is neither")


def test_flipped_bytes_in_zips_are_noticed(tmp_path, stage, bars):
    zipped(tmp_path / "a", {"top/train/a.jpg": bytes(k * k % 251 for k in range(50_000))})
    content = bytearray((tmp_path / "a").read_bytes())
    content[100] ^= 0xFF
    (tmp_path / "a").write_bytes(content)
    refused(tmp_path / "a", stage, bars, r"is damaged \(.+\); remove it and run the command again")


@pytest.mark.parametrize("content", [b"", b"<html>log in</html>"])
def test_what_is_no_archive_is_refused(tmp_path, stage, bars, content):
    (tmp_path / "a").write_bytes(content)
    refused(tmp_path / "a", stage, bars, "is neither a zip nor a tar")


def test_encrypted_zips_are_refused(tmp_path, stage, bars):
    zipped(tmp_path / "a", {"top/train/a.jpg": b"a"})
    content = bytearray((tmp_path / "a").read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "a").write_bytes(content)
    refused(tmp_path / "a", stage, bars, "is encrypted")


def test_unknown_compressions_are_refused(tmp_path, stage, bars):
    zipped(tmp_path / "a", {"top/train/a.jpg": b"a"})
    content = bytearray((tmp_path / "a").read_bytes())
    for place, offset in ((content.index(b"PK\3\4"), 8), (content.index(b"PK\1\2"), 10)):
        content[place + offset : place + offset + 2] = struct.pack("<H", 97)
    (tmp_path / "a").write_bytes(content)
    refused(tmp_path / "a", stage, bars, "is damaged")


def test_a_disk_too_small_is_refused_first(tmp_path, stage, bars, monkeypatch):
    zipped(tmp_path / "a", GOOD)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1001))
    with pytest.raises(ValueError, match="unpacking a needs 1,002 bytes"):
        unpack.unpack(tmp_path / "a", FOLDERS, stage, bars)
    assert written(stage) == {}


def test_a_full_disk_keeps_its_own_error(tmp_path, stage, bars, monkeypatch):
    zipped(tmp_path / "a", GOOD)

    def full(read, write, advance):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpack, "copy", full)
    with pytest.raises(OSError, match="No space left"):
        unpack.unpack(tmp_path / "a", FOLDERS, stage, bars)


@pytest.mark.parametrize("name", ["", "/", ".", "a\0b"])
def test_members_without_a_name_of_a_file_are_refused(tmp_path, stage, bars, name):
    content = {"top/train/a.jpg": b"a", "x.": b""}
    zipped(tmp_path / "a", content)
    archive = (tmp_path / "a").read_bytes()
    short = name.encode() or b""
    # The name of "x." is replaced in both heads, or left without a character.
    for head, length, start in ((b"PK\3\4", 26, 30), (b"PK\1\2", 28, 46)):
        place = archive.rindex(head)
        old = archive[place : place + start + 2]
        new = old[:length] + struct.pack("<H", len(short)) + old[length + 2 : start] + short
        archive = archive[:place] + new + archive[place + start + 2 :]
    (tmp_path / "a").write_bytes(archive)
    with pytest.raises(ValueError, match=r"is (hostile|damaged)"):
        unpack.unpack(tmp_path / "a", FOLDERS, stage, bars)
    assert written(stage) == {}


@pytest.mark.parametrize("damage", ["flipped", "cut", "no end"])
def test_a_tar_whose_later_header_is_damaged_is_not_cut_short_in_silence(
    tmp_path, stage, bars, damage
):
    tarred(tmp_path / "a", {f"top/train/{k}.jpg": b"content" for k in range(3)})
    content = bytearray((tmp_path / "a").read_bytes())
    second = 2 * 1024  # each member has a header and a block; the third header begins here
    if damage == "flipped":
        content[second + 150] ^= 0xFF  # its checksum
    elif damage == "cut":
        content = content[: second + 100]
    else:
        content = content[: second + 1024]
    (tmp_path / "a").write_bytes(content)
    refused(tmp_path / "a", stage, bars, "is damaged .*byte")
    assert written(stage) == {}


def test_an_archive_may_name_its_own_folder(tmp_path, stage, bars):
    with tarfile.open(tmp_path / "a", "w") as archive:
        folder = tarfile.TarInfo(".")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in GOOD.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    unpack.unpack(tmp_path / "a", FOLDERS, stage, bars)
    assert written(stage) == EXPECTED
