# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# The Ruby part of bench/middleware.py: prints {framework: {form: median microseconds of processor time a request}}.
require "json"
require "stringio"
require "tmpdir"

$LOAD_PATH.unshift(File.expand_path("../middleware/ruby/lib", __dir__))
require "skywatch_profiler"

ROUNDS = 20
WARM_UP = 200
REQUESTS = Integer(ARGV.fetch(0, "20000"))
ENVIRONMENT = { "REQUEST_METHOD" => "GET", "SCRIPT_NAME" => "", "PATH_INFO" => "/users/7", "QUERY_STRING" => "", "SERVER_NAME" => "test",
                "SERVER_PORT" => "80", "rack.url_scheme" => "http", "rack.input" => StringIO.new }.freeze

# The least an application does, and one whose answer is a stream, which servers then close.
APPLICATIONS = {
  "Rack" => lambda { |env|
    env["skywatch.view"] = "user"
    [200, { "Content-Type" => "text/plain" }, ["hello"]]
  },
  "Rack, a body that is not an array" => lambda { |env|
    env["skywatch.view"] = "user"
    [200, { "Content-Type" => "text/plain" }, ["hello"].each]
  }
}.freeze

def serve(application, count)
  count.times do
    _, _, body = application.call(ENVIRONMENT.dup)
    body.each { |chunk| chunk }
    body.close if body.respond_to?(:close)
  end
end

def median(values)
  values.sort[values.size / 2]
end

def measure(application, folder)
  forms = { "without" => application }
  %w[plain extended json].each do |format|
    forms["#{format} null"] = SkywatchProfiler::Middleware.new(application, format: format, log: ->(line) { line })
    file = File.open(File.join(folder, "#{format}.log"), "a")
    forms["#{format} file"] = SkywatchProfiler::Middleware.new(application, format: format, log: ->(line) { file.puts(line) })
  end
  times = forms.transform_values { [] }
  each = [1, REQUESTS / ROUNDS].max
  forms.each_value { |form| serve(form, WARM_UP) }
  ROUNDS.times do
    forms.each do |name, form|
      start = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID, :float_microsecond)
      serve(form, each)
      times[name] << (Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID, :float_microsecond) - start) / each
    end
  end
  times.transform_values { |values| median(values) }
end

Dir.mktmpdir("skywatch-bench-") do |folder|
  puts JSON.generate(APPLICATIONS.transform_values { |application| measure(application, folder) })
end
