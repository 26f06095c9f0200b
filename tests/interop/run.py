"""Calls every resource method of the official Python SDK against a sandbox, and looks at what comes back.

It needs `avala==0.10.0`, and a fresh sandbox with the demo data in AVALA_BASE_URL and AVALA_API_KEY.
`cargo xtask interop` provides all of it.
"""

import sys
import traceback

# First of all, because it has to come before the SDK.
import support

from parts import (
    accounts,
    agents,
    annotation_issues,
    annotations,
    asynchronous,
    auto_label_jobs,
    consensus,
    datasets,
    exports,
    fleet,
    fleet_uploads,
    inference_providers,
    organizations,
    projects,
    quality_targets,
    slices,
    storage_configs,
    uploads,
    webhooks,
)

# Each part makes what it needs, or takes it from the demo data, so that the order is only that of a reader.
PARTS = [
    datasets,
    uploads,
    projects,
    exports,
    webhooks,
    agents,
    annotations,
    annotation_issues,
    auto_label_jobs,
    consensus,
    quality_targets,
    organizations,
    slices,
    storage_configs,
    inference_providers,
    fleet,
    fleet_uploads,
    accounts,
    asynchronous,
]


def main():
    """Runs all parts, prints a line for each, and tells whether all is well."""
    client = support.connect()
    called = set()
    failed = [name_of(part) for part in PARTS if not passes(part, support.Watched(client, called))]
    if failed:
        print(f"failed: {', '.join(failed)}")
        return False

    known = support.methods(client)
    print(f"{len(known & called)} of {len(known)} methods of the SDK called")
    for name in sorted(known - called):
        print(f"not called: {name}")
    return known <= called


def name_of(part):
    """The name of a part without that of its folder."""
    return part.__name__.removeprefix("parts.")


def passes(part, client):
    """Runs one part. One that fails does not keep the others from running."""
    try:
        part.check(client)
    except Exception:
        print(f"FAILED {name_of(part)}", flush=True)
        traceback.print_exc()
        return False
    print(f"ok {name_of(part)}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
