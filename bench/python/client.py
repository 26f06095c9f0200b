"""Does one work with the official Python SDK, and prints what it took: client.py <work> <port> <count>."""

import json
import os
import resource
import struct
import sys
import time

DATASET = "550e8400-e29b-41d4-a716-446655440000"
OWNER = "acme"
PAGES = "night-drives"
SEQUENCE = "3f2b8c1e-7a54-4b8e-9d10-5c6f7e8a9b0c"
MASK = (1 << 64) - 1


def text(value):
    """FNV-1a, as every side adds up what it read."""
    number = 0xCBF29CE484222325
    for byte in value.encode():
        number = ((number ^ byte) * 0x100000001B3) & MASK
    return number


def small(client, count):
    checksum = 0
    for _ in range(count):
        dataset = client.datasets.get(DATASET)
        checksum += text(dataset.uid) + dataset.item_count
    return checksum


def pages(client, count):
    checksum, read = 0, 0
    while read < count:
        cursor = None
        while True:
            page = client.datasets.list_items(OWNER, PAGES, cursor=cursor)
            for item in page.items:
                checksum += text(item.uid) + (item.annotations is not None) + len(item.thumbnails or [])
            read += 1
            cursor = page.next_cursor
            if cursor is None:
                break
    return checksum


def sequence(client, count):
    checksum = 0
    for _ in range(count):
        one = client.datasets.get_sequence(OWNER, PAGES, SEQUENCE)
        checksum += text(one.uid) + one.number_of_frames
        for image in one.frames[0]["images"]:
            checksum += struct.unpack("<Q", struct.pack("<d", image["fx"]))[0]
    return checksum


WORKS = {"small-sequential": small, "pages-raw": pages, "sequence-raw": sequence}


def main():
    work, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.environ["AVALA_ALLOW_INSECURE_BASE_URL"] = "true"
    import avala

    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    client = avala.Client(api_key="avk_bench", base_url=f"http://127.0.0.1:{port}/api/v1")
    checksum = WORKS[work](client, count) & MASK
    figures = {
        "operations": count,
        "cpu_ns": time.process_time_ns() - cpu,
        "wall_ns": time.perf_counter_ns() - wall,
        "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "checksum": checksum,
    }
    print(json.dumps(figures))


main()
