"""The upload calls of the API in front of a real S3 server: moto, on free ports, with URLs that boto3 signs.

Prints the URL of the API as one line, and runs until its standard input is closed.
"""

import hashlib
import json
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

BUCKET = "uploads"
# The smallest that S3 takes.
PART_SIZE = 5 * 1024 * 1024
ROOT = "__u__=/u1"
LOCK = threading.Lock()


class Storage:
    """The bucket, and the uploads to it."""

    def __init__(self, endpoint):
        """Creates the bucket."""
        self.s3 = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        self.s3.create_bucket(Bucket=BUCKET)
        self.uploads = {}
        self.datasets = []

    def sign(self, call, **parameters):
        """A presigned URL."""
        return self.s3.generate_presigned_url(call, Params={"Bucket": BUCKET, **parameters}, ExpiresIn=900)

    def size(self, key):
        """The size of an object, or None."""
        try:
            return self.s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"]
        except ClientError:
            return None

    def upload_url(self, body):
        """How a file is to be sent."""
        key = f"{ROOT}/{body['dataset_name']}/{body['file_path_in_dataset']}"
        size, batch = body["content_length"], body.get("dataset_upload_uid")
        if body.get("upload_protocol_version") != 2:
            form = self.s3.generate_presigned_post(BUCKET, key, ExpiresIn=900)
            return 200, {"url": form["url"], "fields": form["fields"]}
        with LOCK:
            known = [uid for uid, one in self.uploads.items() if (one["key"], one["batch"]) == (key, batch)]
            uid = known[0] if known else str(uuid.uuid4())
            one = self.uploads.setdefault(uid, {"key": key, "batch": batch, "size": size, "id": None, "complete": False})
        answer = {"upload_uid": uid, "complete": one["complete"]}
        if size <= PART_SIZE:
            url = self.sign("put_object", Key=key, IfNoneMatch="*")
            return 200, {**answer, "method": "PUT", "url": url, "headers": {"If-None-Match": "*"}}
        if one["id"] is None:
            one["id"] = self.s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
        parts = [] if one["complete"] else self.parts(one)
        return 200, {
            **answer,
            "method": "MULTIPART",
            "part_size": PART_SIZE,
            "part_count": -(-size // PART_SIZE),
            "uploaded_parts": [{"part_number": part["PartNumber"], "size": part["Size"]} for part in parts],
        }

    def parts(self, one):
        """The parts that S3 has."""
        pages = self.s3.get_paginator("list_parts").paginate(Bucket=BUCKET, Key=one["key"], UploadId=one["id"])
        return [part for page in pages for part in page.get("Parts", [])]

    def sign_parts(self, uid, body):
        """URLs of parts."""
        one = self.uploads[uid]
        sign = lambda number: self.sign("upload_part", Key=one["key"], UploadId=one["id"], PartNumber=number)
        return 200, {"parts": [{"part_number": number, "url": sign(number)} for number in body["part_numbers"]]}

    def complete(self, uid):
        """Completes a multipart upload, and compares the size."""
        one = self.uploads[uid]
        if one["id"] is not None and not one["complete"]:
            parts = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in self.parts(one)]
            upload = {"Parts": parts}
            self.s3.complete_multipart_upload(
                Bucket=BUCKET, Key=one["key"], UploadId=one["id"], MultipartUpload=upload
            )
        one["complete"] = self.size(one["key"]) == one["size"]
        return (200, {}) if one["complete"] else (400, {"detail": "The stored object does not match."})

    def create(self, body):
        """Makes a dataset of all objects under its name."""
        prefix = f"{ROOT}/{body['name']}/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        count = sum(len(page.get("Contents", [])) for page in pages)
        dataset = {
            "uid": str(uuid.uuid4()),
            "name": body["name"],
            "slug": body["slug"],
            "owner_name": "ada",
            "status": "created",
            "data_type": body["data_type"],
            "item_count": count,
        }
        self.datasets.append(dataset)
        return 201, dataset

    def objects(self):
        """The SHA-256 of every object."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        read = lambda key: self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return 200, {key: hashlib.sha256(read(key)).hexdigest() for key in keys}

    def respond(self, method, path, body):
        """Status and body of a response."""
        call = [method, *path.split("?")[0].replace("/api/v1/", "", 1).strip("/").split("/")]
        upload = ["POST", "datasets", "manual-upload"]
        if call == ["GET", "users", "me"]:
            return 200, {"uid": "u1", "username": "ada"}
        if call == ["GET", "datasets", "manual-upload", "quota"]:
            return 200, {"used": 0, "limit": 1 << 40}
        if call == [*upload, "file-upload-url"]:
            return self.upload_url(body)
        if call[:4] == [*upload, "uploads"] and call[5:] == ["parts"]:
            return self.sign_parts(call[4], body)
        if call[:4] == [*upload, "uploads"] and call[5:] == ["complete"]:
            return self.complete(call[4])
        if call == upload:
            return self.create(body)
        if call[:2] == ["GET", "datasets"]:
            found = [one for one in self.datasets if call[2:] in ([one["uid"]], [one["owner_name"], one["slug"]])]
            return (200, found[0]) if found else (404, {"detail": "Not found."})
        if call[:2] == ["GET", "exports"] and len(call) == 3:
            url = self.sign("get_object", Key=f"{ROOT}/exports/{call[2]}")
            return 200, {"uid": call[2], "status": "exported", "download_url": url}
        if call == ["GET", "objects"]:
            return self.objects()
        return 404, {"detail": "Not found."}


def handler(storage):
    """A handler of requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "null")
            status, value = storage.respond(self.command, self.path, body)
            text = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    return Handler


def main():
    """Starts both servers."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    storage = Storage(f"http://{host}:{port}")
    api = ThreadingHTTPServer(("127.0.0.1", 0), handler(storage))
    threading.Thread(target=api.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{api.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
