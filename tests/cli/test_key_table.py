from segadapt.cli.key_table import Key, heading, keys


def test_keys_have_their_comments(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(
        "# @package _global_\n# What it is,\n# in two lines.\n"
        "defaults: [a]\n"
        "_target_: a.b\n"
        "tau: 15.0        # scale\n"
        'name: "a # b"    # not a comment inside\n'
        "size: [1, 2]     # rows, columns;\n"
        "                 # in pixels\n"
        "data:\n"
        "  root: null     # a folder\n"
        "  plain: 1\n"
        "hydra: {a: 1}\n",
        encoding="utf-8",
    )
    assert heading(file) == "What it is, in two lines."
    assert keys(file) == [
        Key("tau", "15.0", "scale"),
        Key("name", '"a # b"', "not a comment inside"),
        Key("size", "[1, 2]", "rows, columns; in pixels"),
        Key("data.root", "null", "a folder"),
        Key("data.plain", "1", ""),
    ]


def test_an_option_that_changes_nothing_has_no_key(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("# As released.\n", encoding="utf-8")
    assert (heading(file), keys(file)) == ("As released.", [])


def test_a_comment_behind_braces_holds_for_all_keys_between_them(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(
        "data: {steps: 4, every: 2}    # optimiser steps\n"
        "norm: {_target_: a.B, _partial_: true}    # builds a layer\n"
        "outer: {inner: {a: [1, 2]}}\n",
        encoding="utf-8",
    )
    assert keys(file) == [
        Key("data.steps", "4", "optimiser steps"),
        Key("data.every", "2", "optimiser steps"),
        Key("norm", "{_target_: a.B, _partial_: true}", "builds a layer"),
        Key("outer.inner.a", "[1, 2]", ""),
    ]


def test_lists_and_aliases_have_the_comment_of_their_own_line(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(
        "groups: &all    # rows,\n"
        "                # columns\n"
        "  - [1, 2]\n"
        "again: *all     # the same again\n"
        "plain: *all\n"
        "mapping:        # what it is for\n"
        "  key: 1\n",
        encoding="utf-8",
    )
    assert keys(file) == [
        Key("groups", "[...]", "rows, columns"),
        Key("again", "[...]", "the same again"),
        Key("plain", "[...]", ""),
        Key("mapping.key", "1", ""),
    ]


def test_keys_of_hydra_are_shown_on_request(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("hydra:\n  run: {dir: .}    # nothing is written\n", encoding="utf-8")
    assert keys(file) == []
    assert keys(file, hidden=()) == [Key("hydra.run.dir", ".", "nothing is written")]
