"""Requests that reach Gradio, and those that do not."""

import asyncio

import pytest

from segadapt.deployment.demo.guard import Guard

CALL = "/gradio_api/component_server/"
JSON = {"content-type": "application/json", "content-length": "100"}


def answered(path, method="GET", headers=None, host="127.0.0.1:7860", local=True, kind="http"):
    """The status of an answer, its headers, and whether the application was asked."""
    asked, messages = [], []

    async def application(scope, receive, send):
        asked.append(scope["path"])
        start = {"type": "http.response.start", "status": 200}
        pairs = [(b"cache-control", b"public"), (b"x-own", b"1")]
        pairs += [(b"Access-Control-Allow-Origin", b"*"), (b"access-control-max-age", b"600")]
        await send({**start, "headers": pairs})
        await send({"type": "http.response.body", "body": b"done"})

    async def send(message):
        messages.append(message)

    pairs = {"host": host, **(headers or {})}
    scope = {
        "type": kind,
        "path": path,
        "method": method,
        "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
    }
    asyncio.run(Guard(application, 1000, local)(scope, None, send))
    return messages[0]["status"], dict(messages[0]["headers"]), bool(asked)


@pytest.mark.parametrize(
    "path", ["/", "/config", "/theme.css", "/assets/index.js", "/static/js/a.js"]
)
def test_the_page_is_served_and_loads_nothing_from_elsewhere(path):
    status, headers, asked = answered(path)
    assert (status, asked) == (200, True)
    assert headers[b"content-security-policy"].startswith(b"default-src 'self'")
    assert b"http" not in headers[b"content-security-policy"]
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-own"] == b"1"
    assert not [name for name in headers if name.lower().startswith(b"access-control-")]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/gradio_api/upload", "POST"),
        ("/gradio_api/queue/join", "POST"),
        ("/gradio_api/file=/etc/passwd", "GET"),
        ("/gradio_api/proxy=https://example.org", "GET"),
        ("/gradio_api/run/predict", "POST"),
        ("/monitoring", "GET"),
        ("/config", "POST"),
        ("/assets/a.js", "PUT"),
        (CALL, "GET"),
    ],
)
def test_everything_else_is_refused_before_gradio_sees_it(path, method):
    status, _, asked = answered(path, method, JSON)
    assert (status, asked) == (403, False)


def test_websockets_are_refused():
    assert answered("/", kind="websocket")[::2] == (403, False)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (JSON, 200),
        ({**JSON, "content-length": "1001000"}, 413),
        ({"content-type": "application/json"}, 411),
        ({**JSON, "transfer-encoding": "chunked"}, 411),
        ({**JSON, "content-type": "multipart/form-data; boundary=a"}, 403),
        ({**JSON, "content-type": "text/plain"}, 403),
    ],
)
def test_questions_are_json_of_a_limited_length(headers, expected):
    status, _, asked = answered(CALL, "POST", headers)
    assert (status, asked) == (expected, expected == 200)


def test_a_body_in_parts_is_refused_wherever_it_is_sent():
    assert answered("/", headers={"transfer-encoding": "chunked"})[::2] == (411, False)


@pytest.mark.parametrize(
    ("host", "origin", "own"),
    [
        ("[::1]:7860", "http://[::1]:7860", True),
        ("lab.example:7860", "http://LAB.example:7860", True),
        ("lab.example", "https://lab.example", True),
        ("[::1]:7860", "http://attacker.example", False),
        ("[::1]:7860", "http://[::1]:8000", False),
        ("192.0.2.7:7860", "http://192.0.2.8:7860", False),
        ("127.0.0.1:7860", "http://127.0.0.1:8000", False),
        ("127.0.0.1:7860", "null", False),
        ("127.0.0.1:7860", "", False),
    ],
)
@pytest.mark.parametrize(("path", "method"), [(CALL, "POST"), ("/config", "GET")])
def test_pages_of_other_sites_get_nothing(host, origin, own, path, method):
    headers = {**(JSON if method == "POST" else {}), "origin": origin}
    status, _, asked = answered(path, method, headers, host, local=not host[0].isalnum())
    assert (status, asked) == ((200, True) if own else (403, False))


@pytest.mark.parametrize(
    ("host", "local", "expected"),
    [
        ("localhost:7860", True, 200),
        ("[::1]:7860", True, 200),
        ("127.0.0.1", True, 200),
        ("[::1]", True, 200),
        ("attacker.example:7860", True, 403),
        ("", True, 403),
        ("lab.example:7860", False, 200),
    ],
)
def test_a_page_for_this_machine_answers_to_its_names_only(host, local, expected):
    assert answered("/", host=host, local=local)[0] == expected
