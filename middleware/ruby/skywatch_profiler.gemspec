# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "lib/skywatch_profiler"

Gem::Specification.new do |spec|
  spec.name = "skywatch_profiler"
  spec.version = SkywatchProfiler::VERSION
  spec.summary = "One log line a request: method, view, duration, status, and optionally size, database and external-call time"
  spec.authors = ["The skywatch project"]
  spec.license = "Apache-2.0"
  spec.required_ruby_version = ">= 3.0"
  spec.files = Dir["lib/**/*.rb", "README.md"]
end
