# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# A plain Rack application that names its views itself.
require "json"
require "sqlite3"
require "skywatch_profiler"
require "skywatch_profiler/logs_client"
require "skywatch_profiler/sender"

WORK_S = 0.4

class App
  # A body that is made while it is sent.
  class Export
    def each
      3.times { yield "x" * 1000 }
    end
  end

  def call(env)
    case env["PATH_INFO"]
    when %r{\A/rates/\d+\z} then named(env, "rates") { sleep(WORK_S) and answer("rates") }
    when %r{\A/items/\d+\z} then named(env, "items") { items(env) }
    when "/export" then named(env, "export") { [200, {}, Export.new] }
    when "/latest" then named(env, "latest") { [302, { "Location" => "/items/1" }, []] }
    when "/failing" then named(env, "failing") { [500, {}, ["failed"]] }
    else answer("no", 404)
    end
  end

  private

  def named(env, view)
    env["skywatch.view"] = view
    yield
  end

  def answer(text, status = 200)
    [status, { "Content-Type" => "text/plain" }, [text]]
  end

  def items(env)
    db = SQLite3::Database.new(":memory:")
    ["SELECT 1", "SELECT 2"].each { |sql| SkywatchProfiler.query(sql) { db.execute(sql) } }
    answer("item", env["REQUEST_METHOD"] == "POST" ? 201 : 200)
  ensure
    db&.close
  end
end

client = SkywatchProfiler::LogsClient.new(endpoint: ENV.fetch("SKYWATCH_ENDPOINT"))
sender = SkywatchProfiler::Sender.new(group: ENV.fetch("SKYWATCH_LOG_GROUP"), client: client)
use SkywatchProfiler::Middleware, log: sender.method(:log), **JSON.parse(ENV.fetch("PROFILER_OPTIONS"), symbolize_names: true)
run App.new
