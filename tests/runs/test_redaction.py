"""Secrets: marked where a config is kept, found in texts, put back by name."""

import json

import pytest
from compositions import composed
from omegaconf import OmegaConf

from segadapt.runs import redaction
from segadapt.runs.config import resolved
from segadapt.runs.redaction import (
    cleared,
    filled,
    hidden_words,
    hide,
    remember,
    stored,
    unkept,
    variables,
)

CANARY = "s3cr3t-canary"


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setenv("CANARY", f"{CANARY}-of-the-environment")


def config():
    return OmegaConf.create(
        {
            "my_password": CANARY,
            "made": "x${my_password}y",
            "data": {"root": f"https://user:{CANARY}@host/a", "val": {"root": "${data.root}/val"}},
            "place": "${oc.env:CANARY}/a",
            "below": "${place}/b",
            "other": "${oc.env:NOWHERE,${oc.env:CANARY}}",
            "token": "${oc.env:CANARY}",
            "logger": {"api_key": 12345, "credentials": {"user": CANARY}, "project": "p"},
            "list": [{"AUTH_KEY": CANARY}, "http://host/a@b"],
            "model": {"cls_token": True, "token": None, "pw": ""},
            "optimizer": {"custom_keys": {"head": {"lr_mult": 10}}},
            "tokens": 7,
        }
    )


def test_what_is_nobody_elses_business_is_hidden():
    kept = stored(config())
    assert CANARY not in json.dumps(kept)
    assert kept["my_password"] == "<hidden my_password>"
    assert kept["made"] == "x<hidden my_password>y"  # also what was made of it
    assert kept["data"]["val"]["root"] == "https://<hidden data.root>@host/a/val"
    assert kept["logger"]["api_key"] == "<hidden logger.api_key>"
    assert kept["list"] == [{"AUTH_KEY": "<hidden list.0.AUTH_KEY>"}, "http://host/a@b"]
    for key in ("model", "optimizer", "tokens"):
        assert kept[key] == config()[key]


def test_the_environment_stays_a_name_also_where_it_was_passed_on():
    kept = stored(config())
    assert (kept["place"], kept["below"]) == ("${oc.env:CANARY}/a", "${oc.env:CANARY}/a/b")
    assert kept["other"] == "${oc.env:NOWHERE,${oc.env:CANARY}}"
    assert kept["token"] == "${oc.env:CANARY}"
    assert variables(kept)["CANARY"] == "place"
    assert OmegaConf.create({"a": "${oc.env:CANARY}"}).a.startswith(CANARY)  # resolved as before


def test_our_own_variables_are_places_and_kept_as_values(monkeypatch):
    monkeypatch.setenv("SEGADAPT_DATA", "/data")
    assert stored(OmegaConf.create({"a": "${oc.env:SEGADAPT_DATA,data}"})) == {"a": "/data"}


def test_what_was_hidden_is_put_back_by_name():
    cfg, kept = config(), stored(config())
    assert unkept(kept) == [
        *("my_password", "data.root", "logger.api_key", "logger.credentials", "list.0.AUTH_KEY")
    ]
    given = {
        "my_password": CANARY,
        "data.root": f"https://user:{CANARY}@host/a",
        "logger.api_key": 12345,
        "logger.credentials": {"user": CANARY},
        "list.0.AUTH_KEY": CANARY,
    }
    whole = filled(kept, given, {"CANARY": f"{CANARY}-of-the-environment"})
    expected = resolved(cfg)
    assert {key: whole[key] for key in expected if key != "other"} == {
        key: value for key, value in expected.items() if key != "other"
    }


@pytest.mark.parametrize("changes", [["data=digits"], ["data=ade20k", "model=upernet_swin_tiny"]])
def test_a_config_without_secrets_is_kept_as_it_is(changes):
    cfg = composed(*changes, "paths.run=/run")
    assert stored(cfg) == resolved(cfg)


def test_no_key_of_ours_sounds_like_a_secret():
    cfg = resolved(composed("logger=wandb", "classifier=gmmseg", "trainer=ddp", "paths.run=/run"))
    assert hide(cfg) == cfg


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        (f"+my_password={CANARY}", "+my_password=<hidden my_password>"),
        (f"++logger.api_key='{CANARY}'", "++logger.api_key=<hidden logger.api_key>"),
        (f"data.root=https://user:{CANARY}@host", "data.root=https://<hidden data.root>@host"),
        (f"+logger={{project: p, api_key: {CANARY}}}", "+logger=<hidden logger>"),
        (f"+x={{'token':'{CANARY}'}}", "+x=<hidden x>"),
        ("+my_token='${oc.env:CANARY}'", "+my_token='${oc.env:CANARY}'"),
        ("model.cls_token=true", "model.cls_token=true"),
        ("~logger", "~logger"),
        ("data.steps=10", "data.steps=10"),
    ],
)
def test_overrides_are_shown_without_secrets(word, shown):
    assert hidden_words([word]) == [shown]


def test_texts_do_not_quote_what_is_known():
    remember(resolved(config()))
    text = f"no file {CANARY}, https://a:b@host, user:{CANARY}, {CANARY}-of-the-environment, 12345"
    assert CANARY not in cleared(text)
    assert "12345" not in cleared(text)
    assert "a:b" not in cleared(text)
    assert cleared("no folder data/a") == "no folder data/a"


def test_a_secret_of_the_environment_is_not_quoted(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    assert cleared("key 0123456789abcdef is wrong") == "key <hidden> is wrong"


def test_the_current_folder_is_not_a_password(monkeypatch):
    monkeypatch.setenv("PWD", "/home/ada/project")
    monkeypatch.setenv("DB_PWD", "0123456789")
    sentence = "/home/ada/project/data/a.png is empty"
    assert cleared(sentence) == sentence
    assert hidden_words(["data.root=/home/ada/project/data"]) == [
        "data.root=/home/ada/project/data"
    ]
    assert cleared("0123456789 is wrong") == "<hidden> is wrong"
