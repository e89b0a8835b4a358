# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "json"

module SkywatchProfiler
  # The text of the line, in its four forms. The extended form keeps its measures inside the first bracket, so that
  # parse @message "[*] * * * *" reads the same method, view, duration and status from both.
  module Line
    FORMATS = %w[plain extended json emf].freeze
    UNRESOLVED = "-" # The view of a request that no route matched: its path may be anything, so it is not written.
    NAMESPACE = "skywatch/profiler"
    METHODS = %w[GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT].freeze
    # A route is written by the program's author and short; the bound only keeps a mistake from filling the log.
    VIEW_CHARACTERS_MAX = 200
    METRICS = JSON.generate([%w[duration Milliseconds], %w[size Bytes], %w[queries Count], %w[query_ms Milliseconds],
                             %w[external_ms Milliseconds], %w[faults Count]].map { |name, unit| { Name: name, Unit: unit } })

    module_function

    # One field of the line: blanks and control characters would shift the fields behind them, so each becomes '_'.
    def word(text)
      kept = text.encode("UTF-8", invalid: :replace, undef: :replace)[0, VIEW_CHARACTERS_MAX].scrub("_").gsub(/[[:space:]]|[^[:print:]]/, "_")
      kept.empty? ? UNRESOLVED : kept
    end

    # Nanoseconds as milliseconds with two decimals, rounded half up.
    def milliseconds(nanoseconds)
      hundredths = ([nanoseconds, 0].max + 5_000) / 10_000
      format("%d.%02d", hundredths / 100, hundredths % 100)
    end

    def text(form, method:, view:, duration_ns:, status:, size: 0, queries: 0, query_ns: 0, external_ns: 0, repeated: 0, sample: 1, trace: nil,
             timestamp_ms: 0, namespace: NAMESPACE)
      method = "_OTHER" unless METHODS.include?(method)
      view = word(view)
      duration = milliseconds(duration_ns)
      return "[profiler#{" sample=#{sample}" if sample > 1}] #{method} #{view} #{duration} #{status}" if form == "plain"

      query = milliseconds(query_ns)
      outside = milliseconds(external_ns)
      if form == "extended"
        rest = "#{" repeated=#{repeated}" if repeated.positive?}#{" sample=#{sample}" if sample > 1}#{" trace=#{trace}" if trace}"
        return "[profiler size=#{size} queries=#{queries} query_ms=#{query} external_ms=#{outside}#{rest}] #{method} #{view} #{duration} #{status}"
      end
      body = %("logger":"profiler","method":"#{method}","view":#{JSON.generate(view)},"duration":#{duration},"status_code":#{status},) +
             %("size":#{size},"queries":#{queries},"query_ms":#{query},"external_ms":#{outside})
      body += %(,"repeated":#{repeated}) if repeated.positive?
      body += %(,"sample":#{sample}) if sample > 1
      body += %(,"trace":"#{trace}") if trace
      return "{#{body}}" if form == "json"

      %({"_aws":{"Timestamp":#{timestamp_ms},"CloudWatchMetrics":[{"Namespace":#{JSON.generate(namespace)},"Dimensions":[["method","view"]],) +
        %("Metrics":#{METRICS}}]},#{body},"faults":#{status >= 500 ? 1 : 0}})
    end
  end
end
