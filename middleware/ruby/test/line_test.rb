# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

class LineTest < Minitest::Test
  include SkywatchProfiler

  GLOB = /\[(.*?)\] (.*?) (.*?) (.*?) (.*)/m.freeze # parse @message "[*] * * * *"
  FIELDS = { method: "GET", view: "user-list", duration_ns: 12_340_000, status: 200, size: 512, queries: 3, query_ns: 1_200_000 }.freeze

  # What all packages write and read alike.
  CASES = JSON.parse(File.read(File.expand_path("../../testing/line_cases.json", __dir__)))

  def test_forms
    CASES["forms"].each do |form, name, want|
      given = CASES["fields"].fetch(name).transform_keys(&:to_sym)
      given[:trace] = nil if given[:trace].empty?
      assert_equal want, Line.text(form, **given)
      form == "json" ? JSON.parse(want) : assert_equal(%w[GET user-list 12.34 200], GLOB.match(want).captures.drop(1))
    end
  end

  def test_embedded_metrics_name_members_that_exist
    line = JSON.parse(Line.text("emf", **FIELDS, view: 'a"b', status: 503, timestamp_ms: 1_700_000_000_123, namespace: "shop"))
    directive = line["_aws"]["CloudWatchMetrics"][0]
    directive["Metrics"].each { |metric| assert_kind_of Numeric, line[metric["Name"]] }
    directive["Dimensions"][0].each { |name| assert_kind_of String, line[name] }
    assert_equal ["shop", 1], [directive["Namespace"], line["faults"]]
  end

  def test_words_and_numbers
    (CASES["words"] + [["\xff", "\uFFFD"]]).each { |text, want| assert_equal want, Line.word(text) }
    CASES["milliseconds"].each { |ns, want| assert_equal want, Line.milliseconds(ns) }
    assert_includes Line.text("plain", **FIELDS, method: "BREW"), " _OTHER "
  end

  def test_shapes
    CASES["statements"].each { |sql, want| assert_equal want, Statements.shape(sql) }
    texts = { "SAVEPOINT a" => 9, "SELECT 1" => 3, "SELECT 2" => 3 }
    assert_equal [6, 0], [Statements.most_repeated(texts, 5), Statements.most_repeated(texts, 6)]
  end

  def test_traces
    CASES["traces"].each do |xray, w3c, want|
      got = Middleware.trace_id(xray.empty? ? nil : xray, w3c.empty? ? nil : w3c)
      want.empty? ? assert_nil(got) : assert_equal(want, got)
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
