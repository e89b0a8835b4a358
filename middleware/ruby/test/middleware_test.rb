# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "active_record"
require "active_support/core_ext/string/output_safety" # ActionDispatch 6.1 uses it for redirects and leaves it to Rails to load.
require "rack"
require "skywatch_profiler/rails"

class MiddlewareTest < Minitest::Test
  LINE = /\A\[profiler size=(\d+) queries=(\d+) query_ms=\S+ external_ms=(\S+)\] (\S+) (\S+) (\d+\.\d\d) (\d{3})\z/.freeze

  def setup
    @lines = []
  end

  def profiled(app, **options)
    SkywatchProfiler::Middleware.new(app, format: "extended", log: ->(line) { @lines << line }, **options)
  end

  # One request as a server makes it: the body is read and closed.
  def ask(app, path, method: "GET", env: {})
    status, _, body = app.call(Rack::MockRequest.env_for(path, method: method).merge(env))
    text = +""
    body.each { |chunk| text << chunk }
    body.close if body.respond_to?(:close)
    [status, text]
  end

  def fields
    assert_equal 1, @lines.size, @lines.inspect
    match = LINE.match(@lines.shift) or flunk("not a line")
    { size: match[1].to_i, queries: match[2].to_i, external_ms: match[3].to_f, method: match[4], view: match[5], duration: match[6].to_f,
      status: match[7].to_i }
  end

  def answer(text, status = 200)
    ->(_) { [status, { "Content-Type" => "text/plain" }, [text]] }
  end

  def rails_routes
    engine = ActionDispatch::Routing::RouteSet.new
    inner = answer("inner")
    engine.draw { get "/things/:thing", to: inner, as: :thing }
    found = answer("12345")
    passes = ->(_) { [404, { "X-Cascade" => "pass" }, []] }
    ActionDispatch::Routing::RouteSet.new.tap do |routes|
      routes.draw do
        get "/passed/:x", to: passes, as: :first_try
        get "/passed/:y", to: found, as: :second_try
        get "/users/:id", to: found, as: :user
        patch "/users/:id", to: found, as: nil
        get "/unnamed/:id/x", to: found, as: nil
        get "/moved", to: redirect("/users/1"), as: :moved
        mount engine, at: "/admin/:tenant", as: :admin
      end
    end
  end

  def test_rails_routes
    app = profiled(rails_routes)
    [["GET", "/users/7", "user", 200, 5], ["HEAD", "/users/7", "user", 200, 0], ["PATCH", "/users/7", "user", 200, 5],
     ["GET", "/unnamed/7/x", "/unnamed/:id/x", 200, 5], ["GET", "/passed/3", "second_try", 200, 5], ["GET", "/moved", "moved", 301, nil],
     ["GET", "/admin/7/things/8", "admin:thing", 200, 5], ["GET", "/admin/7/none/8", "-", 404, nil], ["DELETE", "/users/7", "-", 404, nil],
     ["GET", "/no/such/7", "-", 404, nil]].each do |method, path, view, status, size|
      ask(app, path, method: method)
      seen = fields
      assert_equal [method, view, status], seen.values_at(:method, :view, :status), path
      assert_equal size, seen[:size], path if size
    end
  end

  def test_as_many_views_as_routes
    app = profiled(rails_routes)
    100.times { |n| ["/users/#{n}", "/#{n}", "/admin/#{n}/things/#{n}", "/admin/#{n}/#{n}"].each { |path| ask(app, path) } }
    assert_equal %w[- admin:thing user], @lines.map { |line| LINE.match(line)[5] }.uniq.sort
  end

  def test_other_views
    named = ->(env) { env["skywatch.view"] = "by name" and [200, {}, []] }
    sinatra = ->(env) { env["sinatra.route"] = "GET /users/:id" and [200, {}, []] }
    [[named, {}, "by_name"], [sinatra, {}, "/users/:id"], [answer("x"), {}, "-"], [answer("x"), { view: ->(_) { "chosen" } }, "chosen"]].each do |app, options, want|
      ask(profiled(app, **options), "/a/7")
      assert_equal want, fields[:view]
    end
  end

  class Chunks
    def initialize(*chunks, &last)
      @chunks = chunks
      @last = last
    end

    def each(&block)
      @chunks.each(&block)
      @last&.call
    end
  end

  def test_a_stream_is_measured_to_its_end_and_its_queries_count
    body = Chunks.new("abc", "de") { SkywatchProfiler.query("SELECT 1") {} }
    status, _, wrapped = profiled(->(_) { [200, {}, body] }).call(Rack::MockRequest.env_for("/"))
    assert_equal [200, []], [status, @lines]
    wrapped.each { |_| nil }
    assert_empty @lines
    wrapped.close
    wrapped.close
    assert_equal [5, 1, 200], fields.values_at(:size, :queries, :status)
  end

  def test_a_stream_left_early
    _, _, wrapped = profiled(->(_) { [200, {}, Chunks.new("abc", "de")] }).call(Rack::MockRequest.env_for("/"))
    catch(:gone) { wrapped.each { |_| throw :gone } }
    wrapped.close
    assert_equal [3, 200], fields.values_at(:size, :status)
  end

  def test_faults
    broken = profiled(->(_) { [200, {}, Chunks.new("abc") { raise "expected" }] })
    assert_raises(RuntimeError) { ask(broken, "/") }
    assert_equal 500, fields[:status]
    assert_raises(RuntimeError) { ask(profiled(->(_) { raise "expected" }), "/") }
    assert_equal [500, "-"], fields.values_at(:status, :view)
  end

  def test_hijacked_connections_write_no_line
    ask(profiled(->(_) { [101, { "rack.hijack" => ->(_) {} }, []] }), "/")
    ask(profiled(->(env) { env["rack.hijack_io"] = 1 and [200, {}, []] }), "/")
    assert_empty @lines
  end

  def test_nested_middleware_measures_once
    ask(profiled(profiled(answer("x"))), "/")
    assert_equal 1, fields[:size]
  end

  def test_filters_and_sampling
    [[{ skip_methods: %w[OPTIONS] }, "OPTIONS", "/", 0], [{ skip_methods: %w[OPTIONS] }, "GET", "/", 1], [{ skip_paths: ["^/health$"] }, "GET", "/health", 0],
     [{ skip_paths: [/^\/health$/] }, "GET", "/healthy", 1], [{ slower_than_ms: 1e9 }, "GET", "/", 0], [{ sample: 10, choose: -> { 0.1 } }, "GET", "/", 0],
     [{ sample: 10, choose: -> { 0.0999 } }, "GET", "/", 1]].each do |options, method, path, written|
      ask(profiled(answer("x"), **options), path, method: method)
      assert_equal written, @lines.size, options.inspect
      @lines.each { |line| assert_includes line, " sample=10]" if options[:sample] }
      @lines.clear
    end
  end

  def test_trace
    ask(profiled(answer("x")), "/", env: { "HTTP_TRACEPARENT" => "00-#{"a" * 32}-#{"b" * 16}-01" })
    assert_includes @lines[0], " trace=#{"a" * 32}] "
  end

  def test_queries_of_active_record
    ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ":memory:")
    connection = ActiveRecord::Base.connection
    connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)")
    model = Class.new(ActiveRecord::Base) { self.table_name = "things" }
    model.create!(name: "a")
    app = profiled(lambda do |_|
      7.times { |n| model.where(name: "n#{n}").to_a }
      ActiveRecord::Base.cache { 3.times { model.find_by(id: 1) } } # The cache answers two of them.
      assert_raises(ActiveRecord::StatementInvalid) { connection.execute("SELECT nothing FROM nowhere") }
      [200, {}, []]
    end)
    ask(app, "/")
    match = /queries=(\d+) .* repeated=(\d+)\]/.match(@lines[0])
    assert_equal %w[9 7], match&.captures, @lines[0]
  end

  def test_outgoing_calls
    delay_s = 0.03
    server = TCPServer.new("127.0.0.1", 0)
    thread = Thread.new do
      2.times do
        socket = server.accept
        nil while socket.gets&.strip&.length&.positive?
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
        sleep(delay_s) # This service is slow in its body: that is what must be seen.
        socket.write("ok")
        socket.close
      end
    end
    uri = URI("http://127.0.0.1:#{server.addr[1]}/")
    ask(profiled(lambda do |_|
      # A thread that a request starts takes the request along.
      measured = SkywatchProfiler.current
      other = Thread.new { SkywatchProfiler.using(measured) { Net::HTTP.get(uri) } }
      assert_equal "ok", Net::HTTP.get(uri)
      other.join
      [200, {}, []]
    end), "/")
    thread.join
    seen = fields
    assert_operator seen[:external_ms], :>=, delay_s * 900
    assert_operator seen[:external_ms], :<=, seen[:duration]
  end

  def test_parallel_requests_do_not_mix
    app = profiled(lambda do |env|
      env["PATH_INFO"].delete("/").to_i.times { SkywatchProfiler.query("SELECT 1") { Thread.pass } }
      [200, {}, []]
    end, repeated_over: 100)
    (1..8).map { |n| Thread.new { ask(app, "/#{n}") } }.each(&:join)
    assert_equal (1..8).to_a, @lines.map { |line| LINE.match(line)[2].to_i }.sort
  end
end
