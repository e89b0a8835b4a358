# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# One log line a request of a Rack application:
#
#   use SkywatchProfiler::Middleware, format: "extended"
module SkywatchProfiler
  VERSION = "0.2.0"
end

require_relative "skywatch_profiler/line"
require_relative "skywatch_profiler/statements"
require_relative "skywatch_profiler/measure"
require_relative "skywatch_profiler/middleware"
