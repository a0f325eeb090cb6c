from segadapt.cli.key_table import Key, heading, keys


def test_keys_have_their_comments(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(
        "# What it is,\n# in two lines.\n"
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
