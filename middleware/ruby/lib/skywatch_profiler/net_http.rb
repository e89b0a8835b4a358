# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "net/http"

module SkywatchProfiler
  # Times the calls of Net::HTTP made on behalf of a request: connecting, and a request with its answer's body.
  module NetHttp
    def request(...)
      SkywatchProfiler.external { super }
    end

    def connect(...)
      SkywatchProfiler.external { super }
    end
  end
end

Net::HTTP.prepend(SkywatchProfiler::NetHttp)
