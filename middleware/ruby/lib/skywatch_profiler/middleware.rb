# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module SkywatchProfiler
  # Measures each request from its arrival here to the moment the server is given the last byte of its body. Options are those of
  # Options, as keywords. The view is env["skywatch.view"], the route of Rails or Sinatra, or what `view:` (a callable) makes of env.
  class Middleware
    MEASURED = "skywatch.measured"
    VIEW = "skywatch.view"
    HEADER_CHARACTERS_MAX = 512
    XRAY = /(?:\A|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:\s*;|\s*\z)/.freeze
    # version-trace-parent-flags; version ff is forbidden and zeros mean none. https://www.w3.org/TR/trace-context/
    W3C = /\A(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?\z/.freeze

    # The id as its own standard writes it, X-Ray first; nil when neither header is present and well-formed.
    def self.trace_id(xray, w3c)
      [[xray, XRAY], [w3c, W3C]].each do |value, pattern|
        match = value && value.length <= HEADER_CHARACTERS_MAX && pattern.match(value.strip)
        return match[1] if match
      end
      nil
    end

    def initialize(app, **options)
      @app = app
      @options = Options.new(options)
      return unless @options.detailed?

      require_relative "net_http" if @options.external
      require_relative "active_record" if defined?(::ActiveSupport::Notifications)
    end

    def call(env)
      return @app.call(env) if env[MEASURED] || !wanted?(env) # Of nested middlewares the outermost measures.

      measured = env[MEASURED] = Measured.new(@options)
      if @options.trace && @options.detailed?
        measured.trace = self.class.trace_id(env["HTTP_X_AMZN_TRACE_ID"], env["HTTP_TRACEPARENT"])
      end
      begin
        status, headers, body = SkywatchProfiler.using(measured) { @app.call(env) }
      rescue Exception # rubocop:disable Lint/RescueException -- passed on; whatever it is, the client gets no answer of ours.
        measured.finish(env["REQUEST_METHOD"], view_of(env), 500)
        raise
      end
      # A connection that the application took over, such as a WebSocket, is no request with an end.
      return [status, headers, body] if env["rack.hijack_io"] || headers["rack.hijack"]

      measured.status = status.to_i
      finish = ->(late = nil) { measured.finish(env["REQUEST_METHOD"], view_of(env), late || measured.status) }
      if body.is_a?(Array) # Servers treat arrays in a way of their own, so they stay what they are.
        measured.handed(body.sum(&:bytesize))
        finish.call
        [status, headers, body]
      else
        measured.ended if env["REQUEST_METHOD"] == "HEAD" || [204, 304].include?(measured.status)
        [status, headers, Body.new(body, measured, finish)]
      end
    end

    private

    def wanted?(env)
      return false if @options.skip_methods.include?(env["REQUEST_METHOD"])

      unless @options.skip_paths.empty?
        path = "#{env["SCRIPT_NAME"]}#{env["PATH_INFO"]}"
        return false if @options.skip_paths.any? { |pattern| pattern.match?(path) }
      end
      @options.sample <= 1 || @options.choose.call * @options.sample < 1
    end

    def view_of(env)
      return @options.view.call(env) if @options.view
      return env[VIEW] if env[VIEW]
      return Rails.view_of(env) if env[Rails::ROUTES]

      env["sinatra.route"]&.split(" ", 2)&.last
    end

    # Counts a body on its way, and ends the measurement when the server closes it.
    class Body
      def initialize(body, measured, finish)
        @body = body
        @measured = measured
        @finish = finish
      end

      def each
        # The work of a lazy body belongs to the request, and may run queries.
        SkywatchProfiler.using(@measured) do
          @body.each do |chunk|
            @measured.handed(chunk.bytesize)
            yield chunk
          end
        end
        @measured.ended
      rescue StandardError
        @finish.call(500) # The application's or the connection's: either way the client has no whole answer.
        raise
      end

      def close
        @body.close if @body.respond_to?(:close)
      ensure
        @finish.call
      end
    end

    # The routes that Rails took, kept by rails.rb in the environment.
    module Rails
      ROUTES = "skywatch.rails_routes"

      def self.view_of(env)
        env[ROUTES].map { |name, _| name }.join(":") unless env[ROUTES].empty?
      end
    end
  end
end
