"""What the parts share."""

import inspect
import os
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

# The SDK keeps the state of uploads in the home directory that it finds when it is imported.
HOME = tempfile.TemporaryDirectory()
os.environ["HOME"] = os.environ["USERPROFILE"] = HOME.name
# A sandbox is not reached over TLS.
os.environ["AVALA_ALLOW_INSECURE_BASE_URL"] = "true"
# And not through the proxy that pip may need.
os.environ["NO_PROXY"] = "127.0.0.1"

import avala
from avala.errors import NotFoundError


def connect():
    """A client of the sandbox in AVALA_BASE_URL, with the key in AVALA_API_KEY."""
    return avala.Client()


def is_resource(value):
    """Whether this is a resource of a client, as `client.datasets`, or a group of them, as `client.fleet`."""
    return type(value).__module__.startswith("avala.resources.")


class Watched:
    """A client or a resource that notes which of its methods are used."""

    def __init__(self, target, called, path=""):
        """Watches `target`, whose names start with `path`, and notes in the set `called`."""
        self._target = target
        self._called = called
        self._path = path

    def __getattr__(self, name):
        """What the target has under this name. A method that is taken is called next, so it is noted here."""
        value = getattr(self._target, name)
        path = f"{self._path}{name}"
        if is_resource(value):
            return Watched(value, self._called, f"{path}.")
        if inspect.ismethod(value):
            self._called.add(path)
        return value


def methods(target, path=""):
    """The names of all public methods of a client's resources, as `fleet.devices.list`."""
    names = set()
    for name, resource in vars(target).items():
        if name.startswith("_") or not is_resource(resource):
            continue
        own = inspect.getmembers(resource, inspect.ismethod)
        names |= {f"{path}{name}.{method}" for method, _ in own if not method.startswith("_")}
        names |= methods(resource, f"{path}{name}.")
    return names


def walk(list_page, *arguments, **filters):
    """All items of a list, page by page. None of them may come twice, and there has to be an end."""
    items, place = [], {}
    for _ in range(100):
        page = list_page(*arguments, **filters, **place)
        items += page.items
        assert len(set(uids(items))) == len(items), "the list has an item twice"
        if not page.next_cursor:
            return items
        place = {"cursor": page.next_cursor}
    raise AssertionError("the list has no end")


def unsigned(value):
    """The data of a model or a response, with signed URLs without their queries, which change with the second."""
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    if isinstance(value, dict):
        return {name: unsigned(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [unsigned(inner) for inner in value]
    if isinstance(value, str) and "X-Amz-Signature=" in value:
        return value.split("?", 1)[0]
    return value


def uids(items):
    """The uids of some items."""
    return [item.uid for item in items]


def fails(error, call, *arguments, **named):
    """Makes a call that has to fail with this error."""
    try:
        call(*arguments, **named)
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


def gone(call, *arguments, **named):
    """Makes a call for something that is not there, or not any more."""
    fails(NotFoundError, call, *arguments, **named)


def until(is_true, what):
    """Waits up to five seconds for what happens beside the calls, as the delivery of a webhook."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if is_true():
            return
        time.sleep(0.02)
    raise AssertionError(f"not in time: {what}")


class Receiver:
    """A webhook target on this machine that keeps the headers and the body of each delivery."""

    def __init__(self):
        """Listens on a free port from here on."""
        deliveries = self.deliveries = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                """Takes one delivery."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                deliveries.append((self.headers, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                """Says nothing: a line for each request belongs to nobody here."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/avala"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        """Gives itself to a `with`."""
        return self

    def __exit__(self, *_):
        """Listens no more."""
        self._server.shutdown()
        self._server.server_close()

    def delivery(self, event):
        """Waits for the first delivery of an event."""
        until(lambda: self._find(event), f"the delivery of {event}")
        return self._find(event)

    def _find(self, event):
        """The first delivery of an event, if it is there."""
        found = (delivery for delivery in self.deliveries if delivery[0]["X-Avala-Webhook-Event"] == event)
        return next(found, None)
