"""The HTTP side of the local Hub: routes, authentication, answers."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from . import reading, writing
from .metadata import metadata_errors
from .store import Hub, Refusal, Repo

_TYPE, _ID, _REST = r"(models|datasets|spaces)", r"([^/]+/[^/]+)", r"(?:/(.*))?"
_RESOLVE = re.compile(rf"/(?:(datasets|spaces)/)?{_ID}/resolve/([^/]+)/(.+)")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_GET

    def log_message(self, *args: object) -> None:
        """Nothing: tests read `Hub.log`."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else self._chunks()
        split = urlsplit(self.path)
        self.query = dict(parse_qsl(split.query))
        try:
            self._fail_on_purpose(split.path)
            with self.hub.lock if not split.path.startswith("/lfs/") else contextlib.nullcontext():
                self._route(split.path)
        except Refusal as refusal:
            headers = {"X-Error-Message": refusal.message.splitlines()[0]}
            headers |= {"X-Error-Code": refusal.code} if refusal.code else {}
            self._send_json({"error": refusal.message, **refusal.more}, refusal.status, headers)
        except (KeyError, ValueError, TypeError) as error:
            self._send_json({"error": f"Bad request: {error!r}"}, 400)

    def _chunks(self) -> bytes:
        """A body that comes in chunks."""
        data = b""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return data

    def _fail_on_purpose(self, path: str) -> None:
        for fault in self.hub.faults:
            if fault.times > 0 and fault.method == self.command and re.search(fault.path, path):
                fault.times -= 1
                raise Refusal(fault.status, "Internal Error - We're working hard to fix this as soon as possible!")

    # who asks

    def _user(self) -> str | None:
        header = self.headers.get("Authorization")
        if header is None:
            return None
        user = self.hub.tokens.get(header.removeprefix("Bearer "))
        if user is None:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return user

    def _some_user(self) -> str:
        if (user := self._user()) is None:
            raise Refusal(401, "Invalid username or password.")
        return user

    def _repo(self, kind: str | None, id: str, write: bool = False) -> Repo:
        return self.hub.find((kind or "models").removesuffix("s"), id, self._user(), write)

    @property
    def _json(self) -> dict[str, Any]:
        return json.loads(self.body)

    # where to

    def _route(self, path: str) -> None:
        if match := _RESOLVE.fullmatch(path):
            return self._resolve(*match.groups())
        for pattern, answer in _ROUTES:
            method, _, where = pattern.partition(" ")
            if (match := re.fullmatch(where, path)) and self.command in method.split("|"):
                return answer(self, *match.groups())
        raise Refusal(404, f"Sorry, we can't find the page you are looking for: {self.command} {path}")

    def _whoami(self) -> None:
        self._send_json({"type": "user", "name": self._some_user(), "orgs": [], "auth": {"type": "access_token"}})

    def _create(self) -> None:
        self._send_json(writing.create_repo(self.hub, self._some_user(), self._json))

    def _validate_yaml(self) -> None:
        errors = metadata_errors(self._json["content"], self._json["repoType"])
        answer = {"errors": [{"message": error} for error in errors], "warnings": []}
        self._send_json(answer, 400 if errors else 200)

    def _info(self, kind: str, id: str, revision: str | None = None) -> None:
        self._send_json(reading.info(self._repo(kind, id), unquote(revision or "main")))

    def _preupload(self, kind: str, id: str, revision: str) -> None:
        self._send_json(writing.preupload(self._repo(kind, id, write=True), unquote(revision), self._json))

    def _commit(self, kind: str, id: str, revision: str) -> None:
        repo = self._repo(kind, id, write=True)
        content_type = self.headers.get("Content-Type", "")
        self._send_json(writing.commit(self.hub, repo, unquote(revision), self.body, content_type))

    def _tree(self, kind: str, id: str, revision: str, folder: str | None) -> None:
        repo, headers = self._repo(kind, id), {}
        page, following = reading.tree(self.hub, repo, unquote(revision), unquote(folder or ""), self.query)
        if following is not None:
            others = "&".join(f"{name}={value}" for name, value in self.query.items() if name != "cursor")
            address = f"{self.hub.address}{urlsplit(self.path).path}?{others}&cursor={following}"
            headers["Link"] = f'<{address}>; rel="next"'
        self._send_json(page, 200, headers)

    def _paths_info(self, kind: str, id: str, revision: str) -> None:
        form = parse_qs(self.body.decode())
        expand = form.get("expand", ["false"])[0].lower() == "true"
        self._send_json(reading.paths_info(self._repo(kind, id), unquote(revision), form["paths"], expand))

    def _refs(self, kind: str, id: str) -> None:
        self._send_json(reading.refs(self._repo(kind, id)))

    def _tag(self, kind: str, id: str, revision: str) -> None:
        writing.create_tag(self._repo(kind, id, write=True), unquote(revision), self._json)
        self._send(200)

    def _settings(self, kind: str, id: str) -> None:
        self._send_json(writing.change_settings(self._repo(kind, id, write=True), self._json))

    def _batch(self, kind: str | None, id: str) -> None:
        repo = self._repo(kind and kind.strip("/"), id, write=True)
        if self.headers.get("Content-Type") != "application/vnd.git-lfs+json":
            raise Refusal(415, "Content-Type must be application/vnd.git-lfs+json")
        self._send_json(writing.lfs_batch(self.hub, repo, self._json))

    def _lfs(self, kind: str, id: str, oid: str, what: str) -> None:
        repo = self.hub.repos[kind, id]  # the address itself is the permission, as a signed one
        if self.command == "PUT" and what in ("whole", "part"):
            self._send(200, writing.put_content(self.hub, repo, oid, what, self.query, self.body))
        elif self.command == "POST" and what == "complete":
            writing.complete_parts(self.hub, repo, oid, self.query, self._json)
            self._send_json({"success": True})
        elif self.command == "POST" and what == "verify":
            self._repo(f"{kind}s", id, write=True)
            writing.verify(repo, oid, self._json)
            self._send_json({"success": True})
        else:
            raise Refusal(405, f"{self.command} of {what}")

    def _resolve(self, kind: str | None, id: str, revision: str, path: str) -> None:
        headers = reading.resolve_headers(self.hub, self._repo(kind, id), unquote(revision), unquote(path))
        self._send(302 if "X-Linked-Etag" in headers else 307, headers)

    def _resolve_cache(self, kind: str, id: str, oid: str, path: str) -> None:
        repo = self._repo(kind, id)
        commit, file = repo.file_at(oid, unquote(path))
        self._send_content(file.data, {"X-Repo-Commit": commit.oid, "ETag": f'"{file.etag}"'})

    def _content(self, kind: str, id: str, sha256: str) -> None:
        """Large contents lie on another host, which takes no token of the Hub."""
        if self.headers.get("Authorization"):
            raise Refusal(400, "Only one auth mechanism allowed")
        self._send_content(self.hub.repos[kind, id].objects[sha256], {"ETag": f'"{sha256}"'})

    # answers

    def _send_content(self, data: bytes, headers: dict[str, str]) -> None:
        part = reading.byte_range(self.headers.get("Range"), len(data))
        headers |= {"Accept-Ranges": "bytes"}
        if part is None:
            return self._send(200, headers, data)
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{len(data)}"
        return self._send(206, headers, data[part[0] : part[1]])

    def _send_json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())

    def _send(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.hub.log.append((self.command, self.path, status))
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


_REPO = rf"/api/{_TYPE}/{_ID}"
_ROUTES = [
    ("GET /api/whoami-v2", _Handler._whoami),
    ("POST /api/repos/create", _Handler._create),
    ("POST /api/validate-yaml", _Handler._validate_yaml),
    (f"GET {_REPO}", _Handler._info),
    (rf"GET {_REPO}/revision/([^/]+)", _Handler._info),
    (rf"GET {_REPO}/tree/([^/]+){_REST}", _Handler._tree),
    (f"GET {_REPO}/refs", _Handler._refs),
    (rf"POST {_REPO}/paths-info/([^/]+)", _Handler._paths_info),
    (rf"POST {_REPO}/preupload/([^/]+)", _Handler._preupload),
    (rf"POST {_REPO}/commit/([^/]+)", _Handler._commit),
    (rf"POST {_REPO}/tag/([^/]+)", _Handler._tag),
    (f"PUT {_REPO}/settings", _Handler._settings),
    (rf"POST /(datasets/|spaces/)?{_ID}\.git/info/lfs/objects/batch", _Handler._batch),
    (rf"PUT|POST /lfs/(model|dataset|space)/{_ID}/([0-9a-f]{{64}})/(\w+)", _Handler._lfs),
    (rf"GET|HEAD /api/resolve-cache/{_TYPE}/{_ID}/([0-9a-f]{{40}})/(.+)", _Handler._resolve_cache),
    (rf"GET|HEAD /content/(model|dataset|space)/{_ID}/([0-9a-f]{{64}})", _Handler._content),
]


@contextlib.contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serves a hub at `hub.address` while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    hub.content_address = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
