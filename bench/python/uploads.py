"""Uploads a folder with the official Python SDK, and prints what it took: uploads.py <url> <folder> <name>."""

import json
import os
import resource
import sys
import time
from pathlib import Path
from unittest import mock


def main():
    url, folder, name = sys.argv[1:]
    os.environ["HOME"] = str(Path(folder).parent / "home")
    os.environ["AVALA_ALLOW_INSECURE_BASE_URL"] = "true"
    os.environ["NO_PROXY"] = "127.0.0.1"
    import avala
    import avala._managed_upload
    import avala.resources.datasets

    # The SDK sends files with https only; plain http costs it less, so the comparison is in its favour.
    for module in (avala._managed_upload, avala.resources.datasets):
        mock.patch.object(module, "validate_presigned_url", lambda url: None).start()
    files = [(str(path), path.name) for path in sorted(Path(folder).iterdir())]
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    client = avala.Client(api_key="avk_bench", base_url=f"{url}/api/v1")
    batch = client.datasets.prepare_manual_upload_batch(name)
    client.datasets.upload_files(dataset_name=name, files=files, dataset_upload_uid=batch)
    client.datasets.create_from_manual_upload(name=name, slug=name, data_type="mcap", dataset_upload_uid=batch)
    figures = {
        "cpu_ms": (time.process_time_ns() - cpu) / 1e6,
        "wall_ms": (time.perf_counter_ns() - wall) / 1e6,
        "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    print(json.dumps(figures))


main()
