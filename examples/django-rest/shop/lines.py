# SPDX-License-Identifier: Apache-2.0
import json
import logging


class LineFile(logging.Handler):
    """Appends [epoch milliseconds, line] for every record: what the application knows about its own log, whoever it is
    shipped to. The milliseconds are cut as watchtower cuts them."""

    def __init__(self, path):
        super().__init__()
        self._file = open(path, "a", encoding="utf-8")

    def emit(self, record):
        try:
            self._file.write(json.dumps([int(record.created * 1000), self.format(record)]) + "\n")
            self._file.flush()
        except Exception:
            self.handleError(record)

    def close(self):
        self._file.close()
        super().close()
