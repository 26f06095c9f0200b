"""Tests of a Python program against the sandbox, with nothing but the standard library.

Run them with `python3 examples/other_languages/test_tasks.py`. `AVALA_SANDBOX` names the program if it is built already.
"""

import json
import os
import subprocess
import unittest
import urllib.error
import urllib.request

SANDBOX = os.environ.get("AVALA_SANDBOX", "cargo run --quiet --package avala-sandbox --").split()


def count_completed(base_url, key):
    """The program under test: counts completed tasks, page by page, and retries a page that the server failed to send."""
    count, url = 0, f"{base_url}/tasks/?status=completed&limit=50"
    while url:
        request = urllib.request.Request(url, headers={"X-Avala-Api-Key": key})
        for attempt in range(3):
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    page = json.load(response)
                break
            except urllib.error.HTTPError as error:
                if error.code < 500 or attempt == 2:
                    raise
        count += len(page["results"])
        url = page["next"]
    return count


class TestTasks(unittest.TestCase):
    def setUp(self):
        # Each test has a sandbox of its own, on a free port.
        self.sandbox = subprocess.Popen([*SANDBOX, "--quiet"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.sandbox.stdout.close)
        self.addCleanup(self.sandbox.wait)
        self.addCleanup(self.sandbox.terminate)
        # The sandbox prints one line of JSON once it listens.
        started = json.loads(self.sandbox.stdout.readline())
        self.url, self.key = started["url"], started["key"]

    def control(self, route, body):
        """Calls a control route of the sandbox."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{route}/", data, {"Content-Type": "application/json"}, method="POST"
        )
        urllib.request.urlopen(request, timeout=30).close()

    def test_counts_every_page(self):
        self.assertEqual(count_completed(f"{self.url}/api/v1", self.key), 128)

    def test_survives_two_failures(self):
        self.control("faults", {"fault": "GET /tasks/ 503 x2"})
        self.assertEqual(count_completed(f"{self.url}/api/v1", self.key), 128)

    def test_reports_a_wrong_key(self):
        with self.assertRaises(urllib.error.HTTPError) as raised:
            count_completed(f"{self.url}/api/v1", "wrong")
        self.assertEqual(raised.exception.code, 401)
        raised.exception.close()


if __name__ == "__main__":
    unittest.main()
