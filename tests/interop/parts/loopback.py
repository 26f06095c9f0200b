"""The one rule of the SDK that a sandbox cannot keep."""

from contextlib import ExitStack, contextmanager
from unittest import mock

import avala._managed_upload
import avala.resources.datasets
import avala.resources.fleet._upload_guard

# Each of them has its own reference to the function that refuses an address.
SENDERS = [avala._managed_upload, avala.resources.datasets, avala.resources.fleet._upload_guard]


@contextmanager
def files_may_go_to_loopback():
    """The SDK sends files to storage hosts with https only; inside of this it sends them to the sandbox too."""
    with ExitStack() as stack:
        for module in SENDERS:
            stack.enter_context(mock.patch.object(module, "validate_presigned_url", lambda url: None))
        yield
