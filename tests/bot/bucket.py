"""A small S3 for tests: buckets in memory, multipart uploads, and signatures (AWS V4) that are really checked."""

import hashlib
import hmac
import itertools
import re
from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import web

KEY, SECRET, REGION = "AKIATHROUGHLINE", "a secret key of the bucket", "eu-north-1"
TOLD = {"ETag": '"it"', "Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT", "Accept-Ranges": "bytes"}
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class SmallS3:
    """`objects` are what is kept, by /bucket/key; `failing` answers with this status instead, so many times."""

    def __init__(self, *buckets: str) -> None:
        self.buckets = set(buckets)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.failing: list[int] = []
        self.refused = self.longest = 0
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.longest = max(self.longest, len(body))
        if self.failing:
            return web.Response(status=self.failing.pop(0))
        if not _signed(request, body):
            self.refused += 1
            return _error(403, "SignatureDoesNotMatch")
        path, asked = request.raw_path.partition("?")[0], dict(request.query)
        if path.split("/")[1] not in self.buckets:
            return _error(404, "NoSuchBucket")
        match request.method:
            case "POST" if "uploads" in asked:
                upload = f"upload{next(self._numbers)}"
                self.uploads[upload] = {}
                return _xml("InitiateMultipartUploadResult", f"<UploadId>{upload}</UploadId>")
            case "PUT" if "uploadId" in asked:
                self.uploads[asked["uploadId"]][int(asked["partNumber"])] = body
                return web.Response(headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
            case "POST" if "uploadId" in asked:
                parts = self.uploads.pop(asked["uploadId"])
                self.objects[path] = b"".join(parts[number] for number in sorted(parts))
                return _xml("CompleteMultipartUploadResult", '<ETag>"whole"</ETag>')
            case "PUT":
                self.objects[path] = body
                return web.Response(headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
            case "DELETE":
                self.objects.pop(path, None)
                return web.Response(status=204)
            case _ if path not in self.objects:
                return _error(404, "NoSuchKey")
            case "HEAD":
                return web.Response(headers={**TOLD, "Content-Length": str(len(self.objects[path]))})
            case _:
                return _range(request, self.objects[path])


def _range(request: web.Request, content: bytes) -> web.Response:
    headers = dict(TOLD)
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if not wanted:
        return web.Response(body=content, headers=headers)
    first, last = int(wanted[1]), int(wanted[2] or len(content) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return web.Response(status=206, body=content[first : last + 1], headers=headers)


def _xml(name: str, inner: str) -> web.Response:
    return web.Response(text=f"<{name} {NAMESPACE}>{inner}</{name}>", content_type="application/xml")


def _error(status: int, code: str) -> web.Response:
    text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return web.Response(status=status, text=text, content_type="application/xml")


def _signed(request: web.Request, body: bytes) -> bool:
    """Whether the Authorization header signs this very request with our key.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """
    said = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w{64})",
        request.headers.get("Authorization", ""),
    )
    if not said or said[1] != KEY or said[3] != REGION:
        return False
    hashed = request.headers["x-amz-content-sha256"]
    if hashed not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
        return False
    path, _, query = request.raw_path.partition("?")
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, keep_blank_values=True))
    names = said[4].split(";")
    canonical = "\n".join(
        [
            request.method,
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in names),
            "",
            said[4],
            hashed,
        ]
    )
    scope = f"{said[2]}/{REGION}/s3/aws4_request"
    stamp = request.headers["x-amz-date"]
    words = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key: Any = f"AWS4{SECRET}".encode()
    for part in (said[2], REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return {"host", "x-amz-date"} <= set(names) and hmac.compare_digest(
        hmac.digest(key, words.encode(), "sha256").hex(), said[5]
    )
