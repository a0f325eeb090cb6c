"""A Hugging Face hub on loopback that keeps one repository: the few calls of a push and a fetch."""

import base64
import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "a" * 40


class LocalHub(ThreadingHTTPServer):
    """Serves until its block ends."""

    def __init__(self, repo):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repo, self.files, self.created = repo, {}, None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        hub, repo = self.server, self.server.repo
        if self.path == "/api/repos/create":
            hub.created = json.loads(body)
            self.send({"url": f"{hub.address}/{repo}"})
        elif self.path == "/api/validate-yaml":
            self.send({"errors": [], "warnings": []})
        elif self.path == f"/api/models/{repo}/preupload/main":
            names = [file["path"] for file in json.loads(body)["files"]]
            plain = {"uploadMode": "regular", "shouldIgnore": False}
            self.send({"files": [{"path": name, **plain} for name in names]})
        elif self.path == f"/api/models/{repo}/commit/main":
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    hub.files[value["path"]] = base64.b64decode(value["content"])
            address = f"{hub.address}/{repo}/commit/{COMMIT}"
            self.send({"commitUrl": address, "commitOid": COMMIT, "success": True})
        else:
            self.send_error(404)

    def do_GET(self):
        hub, repo = self.server, self.server.repo
        tree = f"/api/models/{repo}/tree/{COMMIT}"
        if self.path.startswith(f"/api/models/{repo}/revision/main"):
            siblings = [{"rfilename": name} for name in hub.files]
            self.send({"id": repo, "sha": COMMIT, "siblings": siblings, "private": False})
        elif self.path.startswith(tree):
            self.send(
                [
                    {"type": "file", "path": name, "size": len(content), "oid": oid(content)}
                    for name, content in hub.files.items()
                ]
            )
        elif self.path.startswith(f"/{repo}/resolve/"):
            self.file()
        else:
            missing = {"X-Error-Code": "RepoNotFound"} if "/models/" in self.path else {}
            self.send({"error": "not found"}, 404, missing)

    do_HEAD = do_GET

    def file(self):
        content = self.server.files.get(self.path.split("/")[-1].partition("?")[0])
        if content is None:
            self.send({}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        headers = {"ETag": f'"{oid(content)}"', "X-Repo-Commit": COMMIT}
        self.send(content, 200, headers)

    def send(self, content, status=200, headers=()):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def oid(content):
    return hashlib.sha1(content).hexdigest()
