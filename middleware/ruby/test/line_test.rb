# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

class LineTest < Minitest::Test
  include SkywatchProfiler

  GLOB = /\[(.*?)\] (.*?) (.*?) (.*?) (.*)/m.freeze # parse @message "[*] * * * *"
  FIELDS = { method: "GET", view: "user-list", duration_ns: 12_340_000, status: 200, size: 512, queries: 3, query_ns: 1_200_000 }.freeze
  MORE = FIELDS.merge(repeated: 7, sample: 10, trace: "t").freeze

  def test_forms
    [["plain", FIELDS, "[profiler] GET user-list 12.34 200"],
     ["plain", MORE, "[profiler sample=10] GET user-list 12.34 200"],
     ["extended", FIELDS, "[profiler size=512 queries=3 query_ms=1.20 external_ms=0.00] GET user-list 12.34 200"],
     ["extended", MORE, "[profiler size=512 queries=3 query_ms=1.20 external_ms=0.00 repeated=7 sample=10 trace=t] GET user-list 12.34 200"],
     ["json", FIELDS, '{"logger":"profiler","method":"GET","view":"user-list","duration":12.34,"status_code":200,"size":512,"queries":3,' \
                      '"query_ms":1.20,"external_ms":0.00}']].each do |form, fields, want|
      assert_equal want, Line.text(form, **fields)
      form == "json" ? JSON.parse(want) : assert_equal(%w[GET user-list 12.34 200], GLOB.match(want).captures.drop(1))
    end
    assert_equal %w[repeated sample trace], JSON.parse(Line.text("json", **MORE)).keys.last(3)
  end

  def test_embedded_metrics_name_members_that_exist
    line = JSON.parse(Line.text("emf", **FIELDS, view: 'a"b', status: 503, timestamp_ms: 1_700_000_000_123, namespace: "shop"))
    directive = line["_aws"]["CloudWatchMetrics"][0]
    directive["Metrics"].each { |metric| assert_kind_of Numeric, line[metric["Name"]] }
    directive["Dimensions"][0].each { |name| assert_kind_of String, line[name] }
    assert_equal ["shop", 1], [directive["Namespace"], line["faults"]]
  end

  def test_words_and_numbers
    { "" => "-", "a b" => "a_b", "a\nb\tc" => "a_b_c", "/users/:id" => "/users/:id", "a] [b" => "a]_[b", "día" => "día",
      "x" * 1000 => "x" * 200, "a\u00a0b" => "a_b", "\xff" => "\uFFFD" }.each { |text, want| assert_equal want, Line.word(text) }
    { 0 => "0.00", 4_999 => "0.00", 5_000 => "0.01", 999_995_000 => "1000.00", -5 => "0.00" }.each { |ns, want| assert_equal want, Line.milliseconds(ns) }
    assert_includes Line.text("plain", **FIELDS, method: "BREW"), " _OTHER "
  end

  def test_shapes
    { "SELECT * FROM a WHERE id = 7" => "SELECT * FROM a WHERE id = ?",
      "SELECT  *\n FROM a WHERE name = 'it''s' AND x=0x1F" => "SELECT * FROM a WHERE name = ? AND x=?",
      "SELECT * FROM a WHERE id IN ($1,$2)" => "SELECT * FROM a WHERE id IN (?)",
      "SELECT * FROM a WHERE id IN (1, 2)" => "SELECT * FROM a WHERE id IN (?)",
      "SELECT t1.c FROM t1" => "SELECT t1.c FROM t1" }.each { |sql, want| assert_equal want, Statements.shape(sql) }
    texts = { "SAVEPOINT a" => 9, "SELECT 1" => 3, "SELECT 2" => 3 }
    assert_equal [6, 0], [Statements.most_repeated(texts, 5), Statements.most_repeated(texts, 6)]
  end

  XRAY = "1-5759e988-bd862e3fe1be46a994272793"
  W3C = "0af7651916cd43dd8448eb211c80319c"

  def test_traces
    [[nil, nil, nil], ["Root=#{XRAY}", nil, XRAY], ["Self=1-2-3;Root=#{XRAY};Parent=53995c3f42cd8ad8;Sampled=1", nil, XRAY],
     ["Root=#{XRAY}x", nil, nil], ["Root=#{XRAY}] GET", "00-#{W3C}-b7ad6b7169203331-01", W3C],
     [nil, "00-#{"0" * 32}-b7ad6b7169203331-01", nil], [nil, "ff-#{W3C}-b7ad6b7169203331-01", nil],
     [nil, "00-#{W3C}-b7ad6b7169203331-01-#{"x" * 600}", nil]].each do |xray, w3c, want|
      got = Middleware.trace_id(xray, w3c)
      want.nil? ? assert_nil(got) : assert_equal(want, got)
    end
  end

  def test_wrong_options_are_refused
    [{ format: "xml" }, { formt: "plain" }, { sample: 0 }, { slower_than_ms: -1 }].each { |given| assert_raises(OptionsError) { Options.new(given) } }
  end

  def test_parallel_work_is_counted_once_and_work_after_the_last_byte_not_at_all
    clock = Ticks.new
    lines = []
    measured = Measured.new(Options.new(format: "json", clock: clock, log: ->(line) { lines << line }))
    measured.query_starts
    clock.ms(2)
    measured.query_starts
    clock.ms(3)
    measured.query_ends("SELECT 1")
    clock.ms(4)
    measured.query_ends("SELECT 1")
    measured.external { measured.external { clock.ms(1) } }
    measured.handed(10)
    measured.query_starts
    clock.ms(50)
    measured.finish("GET", "v", 200)
    measured.finish("GET", "v", 500)
    seen = JSON.parse(lines.fetch(0))
    assert_equal 1, lines.size
    assert_equal [2, 10, 1, 10, 10], seen.values_at("queries", "duration", "external_ms", "size", "query_ms").map(&:to_i)
  end
end
