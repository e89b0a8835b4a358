# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module SkywatchProfiler
  # An option has an unknown name or a value that cannot be meant.
  class OptionsError < ArgumentError; end

  # What a user may choose. `log` is called with each line.
  class Options
    DEFAULTS = { format: "plain", log: nil, external: true, skip_methods: [], skip_paths: [], slower_than_ms: 0, sample: 1, repeated_over: 5,
                 trace: true, namespace: Line::NAMESPACE, view: nil,
                 clock: -> { Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) }, choose: -> { rand } }.freeze

    attr_reader(*DEFAULTS.keys, :slower_than_ns)

    def initialize(given)
      unknown = given.keys - DEFAULTS.keys
      raise OptionsError, "unknown options: #{unknown.join(", ")}; known are #{DEFAULTS.keys.join(", ")}" unless unknown.empty?

      DEFAULTS.merge(given).each { |name, value| instance_variable_set("@#{name}", value) }
      @format = @format.to_s
      raise OptionsError, "the format must be one of #{Line::FORMATS.join(", ")}, not #{@format}" unless Line::FORMATS.include?(@format)

      { sample: 1, repeated_over: 1, slower_than_ms: 0 }.each do |name, least|
        raise OptionsError, "#{name} must be at least #{least}" if public_send(name) < least
      end
      @skip_paths = @skip_paths.map { |pattern| Regexp.new(pattern) }
      @slower_than_ns = (@slower_than_ms * 1_000_000).to_i
      @log = @log.method(:info) if @log.respond_to?(:info) # A Logger.
      @log ||= ->(line) { $stdout.puts(line) }
    end

    def detailed?
      @format != "plain"
    end
  end

  # The time during which at least one of several activities runs: parallel ones are counted once.
  class Interval
    def initialize
      @running = 0
      @since = @total = 0
    end

    def begin(now)
      @since = now if @running.zero?
      @running += 1
    end

    def end(now)
      @running -= 1
      @total += now - @since if @running.zero?
    end

    def until(now, most)
      [@total + (@running.positive? ? now - @since : 0), most].min
    end
  end

  # The measures of one request. Any thread that works for it may add to them.
  class Measured
    attr_accessor :view, :trace, :status

    def initialize(options)
      @options = options
      @mutex = Mutex.new
      @query = Interval.new
      @external = Interval.new
      @queries = @size = 0
      @texts = {}
      @finished = false
      @start_ns = options.clock.call
    end

    # Counts the block as one database query.
    def query(text)
      query_starts
      begin
        yield
      ensure
        query_ends(text)
      end
    end

    def query_starts
      @mutex.synchronize { @query.begin(@options.clock.call) }
    end

    def query_ends(text)
      @mutex.synchronize do
        @query.end(@options.clock.call)
        next if @finished

        @queries += 1
        if @texts.key?(text) then @texts[text] += 1
        elsif @texts.size < Statements::TEXTS_MAX then @texts[text] = 1
        end
      end
    end

    # Counts the block as time spent on another service.
    def external
      @mutex.synchronize { @external.begin(@options.clock.call) }
      begin
        yield
      ensure
        @mutex.synchronize { @external.end(@options.clock.call) }
      end
    end

    # The application gives the server that many more bytes of the body, now. The duration ends with the last of them.
    def handed(bytes)
      @size += bytes
      @end_ns = @options.clock.call
    end

    # There is no byte of a body to come: the head is all that the client waits for.
    def ended
      @end_ns ||= @options.clock.call
    end

    # Writes the line; only the first call does.
    def finish(method, view, status)
      now = nil
      @mutex.synchronize do
        return if @finished

        @finished = true
        now = @options.clock.call
      end
      duration_ns = (@end_ns || now) - @start_ns
      return if @options.slower_than_ns.positive? && duration_ns <= @options.slower_than_ns

      @options.log.call(Line.text(@options.format,
                                  method: method, view: @view || view || Line::UNRESOLVED, duration_ns: duration_ns, status: status,
                                  size: method == "HEAD" ? 0 : @size, # Nobody reads the body of an answer to HEAD.
                                  queries: @queries, query_ns: @query.until(now, duration_ns), external_ns: @external.until(now, duration_ns),
                                  repeated: @queries > @options.repeated_over ? Statements.most_repeated(@texts, @options.repeated_over) : 0,
                                  sample: @options.sample, trace: @trace, namespace: @options.namespace,
                                  timestamp_ms: @options.format == "emf" ? Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond) : 0))
    end
  end

  CURRENT = :skywatch_profiler_current
  private_constant :CURRENT

  module_function

  # The request that this thread works for, or nil. A thread that a request starts takes it along with `using`.
  def current
    Thread.current[CURRENT]
  end

  # Makes `measured` the current request inside the block.
  def using(measured)
    before = Thread.current[CURRENT]
    Thread.current[CURRENT] = measured
    yield
  ensure
    Thread.current[CURRENT] = before
  end

  # Counts the block as time spent on another service; nested and parallel blocks count once.
  def external(&block)
    measured = current
    measured ? measured.external(&block) : yield
  end

  # Counts the block as one database query, for drivers that have no hook of their own.
  def query(text, &block)
    measured = current
    measured ? measured.query(text, &block) : yield
  end
end
