"""Files that anybody may have written: read whole and small, or refused in a sentence."""

import os
import time
from pathlib import Path

import pytest

from segadapt.text.bounded import (
    DEPTH,
    KIB,
    read_bytes,
    read_json,
    read_mapping,
    read_object,
    read_yaml,
)

ANCHORS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
"""Some 10**9 values in 300 bytes."""

NOT_YAML = {
    "aliases": (ANCHORS, "anchors are not read"),
    "alias alone": ("a: *b", "aliases are not read|undefined alias"),
    "deep": ("[" * 200_000, f"nested more than {DEPTH} levels|exceeded maximum nesting depth"),
    "deep mappings": ("a: " + "{b: " * 100 + "}" * 100, f"nested more than {DEPTH} levels"),
    "many": ("[" + "1," * 60_000 + "]", "more than 20,000 entries"),
    "python": ("!!python/object/apply:os.system [ls]", "the tag .* is not read"),
    "binary": ("a: !!binary YQ==", "the tag .* is not read"),
    "twice": ("a: 1\na: 2", "duplicate key"),
    "digits": ("a: " + "9" * 5000, "Exceeds the limit"),
    "list as key": ("? [a]\n: b", "unhashable key"),
    "no key": ("null: 3", "Incompatible key type"),
    "cut": ("a: [1, ", "while parsing"),
    "interpolation": ("a: ${b", "no viable alternative"),
    "long interpolation": ("a: ${" + "b." * 40_000 + "}", "interpolations have more than"),
    "nested interpolation": ("a: " + "${a:" * 2000 + "}" * 2000, "nested too deeply"),
    "two documents": ("---\na: 1\n---\nb: 1", "more than one document"),
    "zero": ("a: \0", "control characters are not allowed"),
    "merge": ("<<: 3", "expected a mapping"),
}


@pytest.mark.parametrize("case", NOT_YAML)
def test_what_no_config_of_ours_is_is_refused_at_once(tmp_path, case):
    text, reason = NOT_YAML[case]
    (tmp_path / "a.yaml").write_text(text)
    begun = time.process_time()
    with pytest.raises(ValueError, match=rf"a\.yaml is not valid YAML \(.*({reason})") as refusal:
        read_yaml(tmp_path / "a.yaml", 256 * KIB)
    assert time.process_time() - begun < 2
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 500


def test_yaml_is_read_by_the_rules_it_was_written_with(tmp_path):
    (tmp_path / "a").write_text("\ufeffa: [1, 1e-3, no, 2026-01-01, '${b}']\nc: ???\n", "utf-8")
    assert read_yaml(tmp_path / "a", KIB) == {
        "a": [1, 0.001, False, "2026-01-01", "${b}"],
        "c": "???",
    }


@pytest.mark.parametrize("text", ["", "[]", "- a", "{}", "null"])
def test_a_config_is_a_mapping(tmp_path, text):
    (tmp_path / "a").write_text(text)
    with pytest.raises(ValueError, match="where KEY: VALUE pairs are expected"):
        read_mapping(tmp_path / "a", KIB)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not valid JSON"),
        ('{"a": 1', "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 900 + "]" * 900, f"nested more than {DEPTH} levels"),
        ("1" * 5000, "Exceeds the limit"),
        ("[]", "holds a list"),
        ("null", "holds null"),
        ('"text"', "holds 'text'"),
    ],
)
def test_what_is_no_json_object_is_refused(tmp_path, text, reason):
    (tmp_path / "a").write_text(text)
    with pytest.raises(ValueError, match=reason):
        read_object(tmp_path / "a", 256 * KIB)


def test_a_file_may_have_as_many_bytes_as_its_kind_and_no_more(tmp_path):
    (tmp_path / "a").write_bytes(b"1" * KIB)
    assert read_bytes(tmp_path / "a", KIB) == b"1" * KIB
    (tmp_path / "a").write_bytes(b"1" * (KIB + 1))
    with pytest.raises(ValueError, match="is larger than 1 KiB"):
        read_json(tmp_path / "a", KIB)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a")
    with pytest.raises(ValueError, match="is not a regular file"):
        read_bytes(tmp_path / "a", KIB)
    with pytest.raises(ValueError, match="is not a regular file"):
        read_bytes(Path("/dev/zero"), KIB)


def test_what_is_not_utf8_is_named_with_its_byte(tmp_path):
    (tmp_path / "a").write_bytes(b"a: \xff")
    with pytest.raises(ValueError, match=r"a is not UTF-8 text \(byte 3\); save it as UTF-8"):
        read_yaml(tmp_path / "a", KIB)
