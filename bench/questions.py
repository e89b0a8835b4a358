# SPDX-License-Identifier: Apache-2.0
"""The questions of the benchmark, each in our language and in every peer's, so that answers can be compared before times are."""
import dataclasses

PARSE = 'parse @message "[*] * * * *" as logger, method, view, duration, status_code | '
_DUCK = r"regexp_extract(message, '\[(.*?)\] (.*?) (.*?) (.*?) (.*)', ['logger', 'method', 'view', 'duration', 'status_code']) g"
_CLICK = r"extractGroups(message, '\\[(.*?)\\] (.*?) (.*?) (.*?) (.*)') g"


@dataclasses.dataclass(frozen=True, eq=False)
class Question:
    """`sql` maps "duckdb raw", "duckdb typed", "clickhouse raw", "clickhouse typed" to that peer's text; the columns are ours, in our
    order. `grep` are ripgrep's arguments. `against`: what our time is compared with. `first_s`, `last_s`: seconds of the set's end."""
    name: str
    ours: str
    sql: dict = dataclasses.field(default_factory=dict)
    grep: tuple = ()
    ordered: bool = False
    newest_s: int = 0  # Over so many seconds at the end; 0: over everything. `{from_ms}` stands for that in SQL.


def _both(name, text):
    return {f"duckdb {name}": text, f"clickhouse {name}": text}


# S1, the seed's lines
# -----------------------------------------------------------------------------------------------------------------------------
LOAD_S1 = {
    "duckdb raw": ["create table lines as select ts, message from read_json('{text}', format='newline_delimited', columns={{'ts': 'bigint', 'message': 'varchar'}})"],
    "duckdb typed": [
        "create table lines as select ts, g.logger, g.method, g.view, cast(g.duration as decimal(12, 2)) duration, cast(g.status_code as smallint) status from (select ts, "
        + _DUCK + " from read_json('{text}', format='newline_delimited', columns={{'ts': 'bigint', 'message': 'varchar'}}))"],
    "clickhouse raw": ["create table lines (ts Int64, message String) engine=MergeTree order by ts",
                       "insert into lines select ts, message from file('{text}', JSONEachRow, 'ts Int64, message String')"],
    "clickhouse typed": [
        "create table lines (ts Int64, logger LowCardinality(String), method LowCardinality(String), view LowCardinality(String), duration Decimal(12, 2), status UInt16) engine=MergeTree order by ts",
        "insert into lines select ts, g[1], g[2], g[3], toDecimal64(g[4], 2), toUInt16(g[5]) from (select ts, "
        + _CLICK + " from file('{text}', JSONEachRow, 'ts Int64, message String'))"],
}

_Q1 = "stats avg(duration) as a by method, view, status_code, bin(30s)"
_Q1W_TYPED = "select count(*) n, sum(a) s from (select avg(cast(duration as double)) a from lines {where} group by method, view, status, {bin})"
_Q1W_DUCK = "select count(*) n, sum(a) s from (select avg(cast(g.duration as double)) a from (select ts, " + _DUCK + " from lines {where}) group by g.method, g.view, g.status_code, ts // 30000)"
_Q1W_CLICK = "select count(*) n, sum(a) s from (select avg(toFloat64(g[4])) a from (select ts, " + _CLICK + " from lines {where}) group by g[2], g[3], g[5], intDiv(ts, 30000))"


def _q1w(where):
    return {"duckdb raw": _Q1W_DUCK.format(where=where), "clickhouse raw": _Q1W_CLICK.format(where=where),
            "duckdb typed": _Q1W_TYPED.format(where=where, bin="ts // 30000"),
            "clickhouse typed": _Q1W_TYPED.replace("cast(duration as double)", "toFloat64(duration)").format(where=where, bin="intDiv(ts, 30000)")}


Q1W = Question("Q1w the seed's query, all groups made", PARSE + _Q1 + " | stats count(*) as n, sum(a) as s", _q1w(""))
S1 = [
    Q1W,
    Question("Q2 the same over the last 5 minutes", Q1W.ours, _q1w("where ts >= {{from_ms}}".replace("{{", "{").replace("}}", "}")), newest_s=300),
    Question("Q3 newest 20 of a rare number", 'filter @message like " 198.76 " | fields @message | sort @timestamp desc | limit 20', {
        **{f"{e} raw": "select message from lines where message like '% 198.76 %' order by ts desc limit 20" for e in ("duckdb", "clickhouse")},
    }, ("-F", " 198.76 "), ordered=True),
    Question("Q4 a frequent literal, count", 'filter @message like " POST " | stats count(*) as n', {
        **_both("raw", "select count(*) n from lines where message like '% POST %'"), **_both("typed", "select count(*) n from lines where method = 'POST'")},
        ("-c", "-F", " POST ")),
    Question("Q5 a regex with a literal", "filter @message =~ /user.*list/ | stats count(*) as n", {
        "duckdb raw": "select count(*) n from lines where regexp_matches(message, 'user.*list')", "clickhouse raw": "select count(*) n from lines where match(message, 'user.*list')"},
        ("-c", "user.*list")),
    Question("Q6 a regex without one", r"filter @message =~ /[0-9]{3}\.[0-9]+ 50[0-9]/ | stats count(*) as n", {
        "duckdb raw": r"select count(*) n from lines where regexp_matches(message, '[0-9]{3}\.[0-9]+ 50[0-9]')",
        "clickhouse raw": r"select count(*) n from lines where match(message, '[0-9]{3}\\.[0-9]+ 50[0-9]')"},
        ("-c", r"[0-9]{3}\.[0-9]+ 50[0-9]")),
    # Percentiles that nobody reads would not be computed, here or there.
    Question("Q7 three percentiles by view", PARSE + "stats pct(duration, 50) as a, pct(duration, 95) as b, pct(duration, 99) as c by view | stats sum(a) as x, sum(b) as y, sum(c) as z", {
        "duckdb typed": "select sum(q[1]) x, sum(q[2]) y, sum(q[3]) z from (select quantile_cont(cast(duration as double), [0.5, 0.95, 0.99]) q from lines group by view)",
        "clickhouse typed": "select sum(q[1]) x, sum(q[2]) y, sum(q[3]) z from (select quantilesExactInclusive(0.5, 0.95, 0.99)(toFloat64(duration)) q from lines group by view)"}),
    Question("Q8 top 10 by distinct durations", PARSE + "stats count_distinct(duration) as d by view | sort d desc, view | limit 10 | fields view, d", {
        "duckdb typed": "select view, count(distinct duration) d from lines group by view order by d desc, view limit 10",
        "clickhouse typed": "select view, uniqExact(duration) d from lines group by view order by d desc, view limit 10"}, ordered=True),
    Question("Q11 newest 10,000 events", "fields @timestamp, @message | sort @timestamp desc | limit 10000 | fields strlen(@message) as c | stats count(*) as n, sum(c) as s", {
        **_both("raw", "select count(*) n, sum(length(message)) s from (select * from lines order by ts desc limit 10000)")}),
    Question("a word that occurs nowhere, count", 'filter @message like "nowhere" | stats count(*) as n', _both("raw", "select count(*) n from lines where message like '%nowhere%'"),
             ("-c", "-F", "nowhere")),
    Question("count(*) of everything", "stats count(*) as n", {**_both("raw", "select count(*) n from lines")}),
    # Many keys, whole orders, two inputs. Events are 1 to 10 ms apart: 5,500 s are a million of them, 550 s a hundred thousand.
    Question("H1 ten of 500,000 groups of one event", "stats count(*) as n by @timestamp, @message | sort n desc, @timestamp | limit 10 | stats count(*) as groups, sum(n) as events",
             _both("raw", "select count(*) g, sum(n) m from (select ts, count(*) n from lines where ts >= {from_ms} group by ts, message order by n desc, ts limit 10)"), newest_s=2_750),
    Question("H2 the slowest 10,000 of a million", PARSE + "sort duration desc, @timestamp desc | limit 10000 | stats count(*) as n, min(duration) as least",
             {f"{e} typed": "select count(*) n, min(duration) l from (select duration from lines where ts >= {from_ms} order by duration desc, ts desc limit 10000)" for e in ("duckdb", "clickhouse")},
             newest_s=5_500),
    Question("H3 a hundred thousand events joined with themselves",
             "fields @timestamp as t, @message as m | join type=inner left=a right=b where a.t=b.t and a.m=b.m (fields @timestamp as t, @message as m) | stats count(*) as n",
             _both("raw", "select count(*) n from (select * from lines where ts >= {from_ms}) a join (select * from lines where ts >= {from_ms}) b on a.ts = b.ts and a.message = b.message"),
             newest_s=550),
    Question("H4 pattern of everything", "pattern @message | stats sum(@sampleCount) as n"),  # No peer has such a command.
    Question("H5 dedup of everything by two fields", PARSE + "dedup view, duration | stats count(*) as n", _both("typed", "select count(*) n from (select distinct view, duration from lines)")),
]

# R1, services with trace ids
# -----------------------------------------------------------------------------------------------------------------------------
LOAD_TEXT = {name: LOAD_S1[name] for name in ("duckdb raw", "clickhouse raw")}


def r1(trace):
    like = f"message like '%{trace}%'"
    return [
        Question("Q3b a text that occurs nowhere in R1", 'filter @message like "no such text" | stats count(*) as n',
                 _both("raw", "select count(*) n from lines where message like '%no such text%'"), ("-c", "-F", "no such text")),
        Question("Q10 one trace id over everything", f'filter @message like "{trace}" | stats count(*) as n', _both("raw", f"select count(*) n from lines where {like}"), ("-c", "-F", trace)),
        Question("an error of one service, count", 'filter @message like /ERROR.*Service/ | stats count(*) as n', {
            "duckdb raw": "select count(*) n from lines where regexp_matches(message, 'ERROR.*Service')",
            "clickhouse raw": "select count(*) n from lines where match(message, 'ERROR.*Service')"}, ("-c", "ERROR.*Service")),
    ]


# R2, JSON events
# -----------------------------------------------------------------------------------------------------------------------------
LOAD_R2 = {
    "duckdb raw": LOAD_S1["duckdb raw"],
    "clickhouse JSON": ["set allow_experimental_json_type=1", "create table lines (ts Int64, event JSON) engine=MergeTree order by ts",
                        "insert into lines select ts, message::JSON from file('{text}', JSONEachRow, 'ts Int64, message String')"],
}
R2 = [
    Question("Q9 JSON: two paths by a third", 'filter Channel = "Security" | stats count(*) as n by EventID, Hostname | sort n desc, EventID, Hostname | limit 20 | fields EventID, Hostname, n', {
        "duckdb raw": "select message->>'EventID' e, message->>'Hostname' h, count(*) n from lines where message->>'Channel' = 'Security' group by e, h order by n desc, cast(e as int), h limit 20",
        "clickhouse JSON": "select event.EventID::Int64 e, event.Hostname::String h, count(*) n from lines where event.Channel::String = 'Security' group by e, h order by n desc, e, h limit 20"}, ordered=True),
]
