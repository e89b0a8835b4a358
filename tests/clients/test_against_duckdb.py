# SPDX-License-Identifier: Apache-2.0
"""Insights queries and the same question in SQL, over the same random events: the answers of DuckDB are the expected ones."""
import json
import random
import time

import pytest

duckdb = pytest.importorskip("duckdb")

HOSTS = ["a", "b", "web-1", "web-10", "web-2", "año", ""]
EVENTS = 2_000
# Insights | SQL. Rows are compared as sets unless the query sorts; columns by name.
PAIRS = [
    ("stats count(*) as n", "SELECT count(*) n FROM e"),
    ("stats count(ms) as n", "SELECT count(ms) n FROM e"),
    ("stats count(*) as n by host", "SELECT host, count(*) n FROM e GROUP BY host"),
    ("stats count(*) as n by status, host", "SELECT status, host, count(*) n FROM e GROUP BY status, host"),
    ("stats sum(ms) as s, avg(ms) as a, min(ms) as low, max(ms) as high by host",
     "SELECT host, sum(ms) s, avg(ms) a, min(ms) low, max(ms) high FROM e GROUP BY host"),
    ("stats stddev(ms) as d by status", "SELECT status, CASE WHEN count(ms) = 1 THEN 0 ELSE stddev_samp(ms) END d FROM e GROUP BY status"),
    ("stats pct(ms, 50) as p, pct(ms, 95) as q, pct(ms, 0) as r, pct(ms, 100) as t by status",
     "SELECT status, quantile_cont(ms, 0.5) p, quantile_cont(ms, 0.95) q, quantile_cont(ms, 0) r, quantile_cont(ms, 1) t FROM e GROUP BY status"),
    ("stats count_distinct(host) as n by status", "SELECT status, count(DISTINCT host) n FROM e GROUP BY status"),
    ("stats sum(ms * 2 - 1) / count(*) as x", "SELECT sum(ms * 2 - 1) / count(*) x FROM e"),
    ("filter status >= 400 and status < 500 | stats count(*) as n", "SELECT count(*) n FROM e WHERE status >= 400 AND status < 500"),
    ("filter status = 200 or ms > 500 | stats count(*) as n by host", "SELECT host, count(*) n FROM e WHERE status = 200 OR ms > 500 GROUP BY host"),
    ("filter not (status = 200) | stats count(*) as n", "SELECT count(*) n FROM e WHERE NOT coalesce(status = 200, false)"),
    ("filter ms != 5 | stats count(*) as n", "SELECT count(*) n FROM e WHERE NOT coalesce(ms = 5, false)"),
    ("filter status in [200, 404] | stats count(*) as n by status", "SELECT status, count(*) n FROM e WHERE status IN (200, 404) GROUP BY status"),
    ("filter status not in [200, 404] | stats count(*) as n", "SELECT count(*) n FROM e WHERE NOT coalesce(status IN (200, 404), false)"),
    ("filter host like 'web' | stats count(*) as n by host", "SELECT host, count(*) n FROM e WHERE contains(host, 'web') GROUP BY host"),
    ("filter host like /^web-[0-9]$/ | stats count(*) as n", "SELECT count(*) n FROM e WHERE regexp_matches(host, '^web-[0-9]$')"),
    ("filter ispresent(ms) | stats count(*) as n", "SELECT count(*) n FROM e WHERE ms IS NOT NULL"),
    ("filter ms > 990 | fields id, ms * 3 as x, abs(-ms) as y, floor(ms) as f, ceil(ms) as c | display id, x, y, f, c",
     "SELECT id, ms * 3 x, ms y, floor(ms) f, ceil(ms) c FROM e WHERE ms > 990"),
    ("filter id < 40 | fields id % 7 as m, id / 8 as d, id ^ 2 as p, sqrt(id) as r | display id, m, d, p, r",
     "SELECT id, id % 7 m, id / 8 d, id ** 2 p, sqrt(id) r FROM e WHERE id < 40"),
    ("filter id < 40 | fields strlen(host) as l, toupper(host) as u, concat(host, '-', status) as c, substr(host, 1, 2) as s | display id, l, u, c, s",
     "SELECT id, length(host) l, upper(host) u, coalesce(host, '') || '-' || coalesce(status::VARCHAR, '') c, substring(host, 2, 2) s FROM e WHERE id < 40"),
    ("fields coalesce(ms, 0 - 1) as v | stats sum(v) as s", "SELECT sum(coalesce(ms, -1)) s FROM e"),
    ("sort id desc | limit 10 | display id", "SELECT id FROM e ORDER BY id DESC LIMIT 10"),
    ("filter ispresent(ms) | sort ms desc, id asc | limit 25 | fields ms * 1 as x | display id, x", "SELECT id, ms x FROM e WHERE ms IS NOT NULL ORDER BY ms DESC, id LIMIT 25"),
    # Natural order is not SQL's, but of these two hosts it is.
    ("filter host in ['a', 'b'] | sort status asc, host desc, id | limit 20 | display id",
     "SELECT id FROM e WHERE host IN ('a', 'b') ORDER BY status NULLS FIRST, host DESC, id LIMIT 20"),
    ("stats sum(ms) as s by host, status | stats max(s) as m by host", "SELECT host, max(s) m FROM (SELECT host, status, sum(ms) s FROM e GROUP BY ALL) GROUP BY host"),
    ("stats count(*) as n by status | filter n > 300 | sort n desc", "SELECT status, n FROM (SELECT status, count(*) n FROM e GROUP BY status) WHERE n > 300 ORDER BY n DESC"),
    ("stats count(*) as n by bin(1m) as b | stats max(n) as most", "SELECT max(n) most FROM (SELECT count(*) n FROM e GROUP BY t // 60000)"),
    ("stats earliest(id) as f, latest(id) as l by status", "SELECT status, arg_min(id, t) f, arg_max(id, t) l FROM e GROUP BY status"),
    ("filter host in (filter ms > 995 | fields host) | stats count(*) as n", "SELECT count(*) n FROM e WHERE host IN (SELECT host FROM e WHERE ms > 995)"),
    ("filter status = 404 | dedup host | stats count(*) as n", "SELECT count(DISTINCT host) + count(*) FILTER (host IS NULL) n FROM e WHERE status = 404"),
]


def shown(value):
    """A value as section 10 of the language writes it."""
    if isinstance(value, float):
        text = f"{value:.4f}".rstrip("0").rstrip(".")
        return "0" if text in ("-0", "") else text
    return str(value)


@pytest.fixture(scope="module")
def question(shared_place, program):
    chance = random.Random(7)
    client = shared_place.client()
    group = f"duck/{chance.getrandbits(60):x}"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="s")
    begin = (int(time.time()) - 7_200) * 1000
    rows = []
    for i in range(EVENTS):
        row = {"id": i}
        if chance.random() < 0.9:
            row["host"] = chance.choice(HOSTS)
        if chance.random() < 0.95:
            row["status"] = chance.choice([200, 200, 200, 301, 404, 500])
        if chance.random() < 0.9:
            row["ms"] = chance.randrange(-500, 100_000) / 100
        rows.append((begin + i * 1_500, row))
    for at in range(0, EVENTS, 1_000):
        client.put_log_events(logGroupName=group, logStreamName="s",
                              logEvents=[{"timestamp": t, "message": json.dumps(row)} for t, row in rows[at:at + 1_000]])
    database = duckdb.connect()
    database.execute("CREATE TABLE e(t BIGINT, id BIGINT, host VARCHAR, status BIGINT, ms DOUBLE)")
    database.executemany("INSERT INTO e VALUES (?, ?, ?, ?, ?)", [(t, r["id"], r.get("host"), r.get("status"), r.get("ms")) for t, r in rows])
    yield group, begin // 1000, (begin + EVENTS * 1_500) // 1000, database
    client.delete_log_group(logGroupName=group)


@pytest.mark.parametrize("text, sql", PAIRS, ids=[text for text, _ in PAIRS])
def test_the_same_rows(query, rows, question, text, sql):
    group, begin, end, database = question
    answer = query(group, text, begin, end)
    assert answer["status"] == "Complete"
    cursor = database.execute(sql)
    names = [column[0] for column in cursor.description]
    expected = [{name: shown(value) for name, value in zip(names, row) if value is not None} for row in cursor.fetchall()]
    found = rows(answer)
    if "| sort" not in text and not text.startswith("sort"):
        key = json.dumps
        found, expected = (sorted(found, key=lambda r: key(r, sort_keys=True)), sorted(expected, key=lambda r: key(r, sort_keys=True)))
    assert found == expected
