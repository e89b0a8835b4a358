# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
require "json"
require "minitest/autorun"
require "skywatch_profiler"

# A clock that the test moves, in milliseconds.
class Ticks
  def initialize
    @ns = 0
  end

  def call
    @ns
  end

  def ms(count)
    @ns += count * 1_000_000
  end
end
