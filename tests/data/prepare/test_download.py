import errno
import json
import shutil
import urllib.request
from http.client import HTTPMessage
from types import SimpleNamespace

import pytest

from segadapt.data.prepare import copying, download
from segadapt.data.prepare.download import Unreachable, progress_file
from segadapt.data.prepare.http import SafeRedirects

CONTENT = bytes(range(256)) * 5000


@pytest.fixture
def part(tmp_path):
    return tmp_path / "a b ü.zip.part"


def fetched(server, part, bars, name="a.zip"):
    download.download(server.address(name), part, name, bars)
    return part.read_bytes()


def test_fetches_a_file(server, part, bars):
    server.publish("a.zip", CONTENT)
    assert fetched(server, part, bars) == CONTENT
    assert not progress_file(part).exists()


def test_cut_connections_are_resumed_where_they_broke(server, part, bars):
    server.publish("a.zip", CONTENT)
    server.cuts.extend([300_000, 1, 70_000])
    assert fetched(server, part, bars) == CONTENT
    assert [asked.range for asked in server.asked] == [
        None,
        "bytes=300000-",
        "bytes=300001-",
        "bytes=370001-",
    ]
    assert {asked.condition for asked in server.asked[1:]} == {'"1"'}


def test_a_second_call_goes_on_where_the_first_died(server, part, bars):
    server.publish("a.zip", CONTENT)
    server.cuts.extend([1000] + [0] * download.FAILURES)
    with pytest.raises(Unreachable, match=r"cut at 1,000 bytes of 1\.3 MB"):
        fetched(server, part, bars)
    server.asked.clear()
    assert fetched(server, part, bars) == CONTENT
    assert [asked.range for asked in server.asked] == ["bytes=1000-"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server, part, bars):
    server.publish("a.zip", CONTENT)
    server.cuts.extend([1000] + [0] * download.FAILURES)
    with pytest.raises(Unreachable):
        fetched(server, part, bars)
    server.tag = '"2"'
    server.publish("a.zip", CONTENT[::-1])
    assert fetched(server, part, bars) == CONTENT[::-1]


def test_a_change_that_only_the_size_tells_is_noticed(server, part, bars):
    server.tag = ""
    server.publish("a.zip", CONTENT)
    server.cuts.extend([1000] + [0] * download.FAILURES)
    with pytest.raises(Unreachable):
        fetched(server, part, bars)
    server.publish("a.zip", CONTENT[::-1] + b"more")
    assert fetched(server, part, bars) == CONTENT[::-1] + b"more"


def test_bytes_of_unknown_origin_are_not_continued(server, part, bars):
    part.write_bytes(b"something else")
    server.publish("a.zip", CONTENT)
    assert fetched(server, part, bars) == CONTENT


def test_a_damaged_note_begins_anew(server, part, bars):
    part.write_bytes(b"something else")
    progress_file(part).write_text("{half")
    server.publish("a.zip", CONTENT)
    assert fetched(server, part, bars) == CONTENT


def test_servers_without_parts_send_all_again(server, part, bars):
    server.ranges = False
    server.publish("a.zip", CONTENT)
    server.cuts.extend([1000, 2000])
    assert fetched(server, part, bars) == CONTENT


def test_a_file_that_was_whole_already_is_not_fetched_again(server, part, bars):
    address = server.publish("a.zip", CONTENT)
    part.write_bytes(CONTENT)
    note = {"address": address, "total": len(CONTENT), "stamp": '"1"'}
    progress_file(part).write_text(json.dumps(note))
    assert fetched(server, part, bars) == CONTENT
    assert len(server.asked) == 1


def test_too_many_bytes_begin_anew(server, part, bars):
    address = server.publish("a.zip", CONTENT)
    part.write_bytes(CONTENT + b"more")
    note = {"address": address, "total": len(CONTENT), "stamp": '"1"'}
    progress_file(part).write_text(json.dumps(note))
    assert fetched(server, part, bars) == CONTENT


def test_a_size_that_is_not_announced_is_no_matter(server, part, bars):
    server.announced = False
    server.publish("a.zip", CONTENT)
    assert fetched(server, part, bars) == CONTENT


def test_busy_servers_are_asked_again(server, part, bars):
    server.publish("a.zip", CONTENT)
    server.refusals.extend([503, 429, 500])
    assert fetched(server, part, bars) == CONTENT


@pytest.mark.parametrize("code", [403, 404, 410])
def test_final_refusals_are_not_repeated(server, part, bars, code):
    server.refusals.append(code)
    with pytest.raises(Unreachable, match=f"the server says {code}"):
        fetched(server, part, bars)
    assert len(server.asked) == 1


def test_a_dead_server_is_said(server, part, bars):
    address = server.address("a.zip")
    server.server_close()
    with pytest.raises(Unreachable, match=r"the connection failed .*refused"):
        download.download(address, part, "a.zip", bars)


def test_a_full_disk_keeps_what_is_there(server, part, bars, monkeypatch):
    server.publish("a.zip", CONTENT)
    whole, blocks = copying.copy, iter([1])

    def full(read, write, advance):
        def fill(block):
            if next(blocks, None) is None:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(block)

        return whole(read, fill, advance)

    with monkeypatch.context() as patch:
        patch.setattr(download, "copy", full)
        with pytest.raises(ValueError, match="is full; free some space and run the command again"):
            fetched(server, part, bars)
    kept = part.stat().st_size
    assert kept == copying.BLOCK
    server.asked.clear()
    assert fetched(server, part, bars) == CONTENT
    assert [asked.range for asked in server.asked] == [f"bytes={kept}-"]


def test_a_small_disk_is_refused_before_the_first_byte(server, part, bars, monkeypatch):
    server.publish("a.zip", CONTENT)
    usage = SimpleNamespace(free=1_279_999)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ValueError, match=r"download of a.zip needs 1.3 MB, .* has 1.3 MB free"):
        fetched(server, part, bars)
    assert not part.exists()
    usage.free += 1
    assert fetched(server, part, bars) == CONTENT


def test_errors_of_the_disk_are_not_taken_for_the_network(server, part, bars):
    server.publish("a.zip", CONTENT)
    part.mkdir()
    with pytest.raises(IsADirectoryError):
        fetched(server, part, bars)


def test_redirections_are_followed(server, part, bars):
    server.publish("b.zip", CONTENT)
    server.moved["/a.zip"] = server.address("b.zip")
    assert fetched(server, part, bars) == CONTENT


def test_redirections_to_files_are_not(server, part, bars, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    server.moved["/a.zip"] = secret.as_uri()
    with pytest.raises((ValueError, Unreachable)):
        fetched(server, part, bars)
    assert not part.exists()


def test_redirections_do_not_leave_encryption():
    request = urllib.request.Request("https://a.org/x")
    with pytest.raises(ValueError, match="not a safe address"):
        SafeRedirects().redirect_request(request, None, 302, "", HTTPMessage(), "http://a.org/x")
