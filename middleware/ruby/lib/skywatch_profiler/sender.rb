# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "socket"

module SkywatchProfiler
  # Sends lines to CloudWatch Logs, or to skywatch. A line costs the request one append to a bounded queue; a thread sends batches.
  # When the queue is full, lines are dropped and counted, never waited for.
  #
  # `client` is an Aws::CloudWatchLogs::Client, or a SkywatchProfiler::LogsClient where that gem is absent, as in Debian.
  class Sender
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
    EVENTS_MAX = 10_000
    BATCH_BYTES_MAX = 1_048_576
    EVENT_OVERHEAD_BYTES = 26
    EVENT_BYTES_MAX = 262_144 - EVENT_OVERHEAD_BYTES
    SPAN_MS_MAX = 24 * 3600 * 1000
    BACKOFF_MAX_S = 30
    COMPLAINT_PAUSE_S = 60
    # Sending the same again cannot succeed.
    HOPELESS = %w[InvalidParameterException SerializationException ValidationException].freeze

    attr_reader :sent, :dropped

    def initialize(group:, client:, stream: nil, interval: 1.0, queue_max: 10_000, close_seconds: 5.0, backoff: 0.5, errors: $stderr)
      @group = group
      @stream_given = stream
      @client = client
      @interval = interval
      @queue_max = queue_max
      @close_seconds = close_seconds
      @backoff = backoff
      @errors = errors
      @sent = @dropped = 0
      @next_complaint = 0
      fresh
      at_exit { close }
    end

    # Queues a line with the time of now.
    def log(line)
      fresh if @pid != Process.pid # A forked worker has no thread, and must not send its parent's lines again.
      event = { timestamp: Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), message: line }
      @mutex.synchronize do
        if @closing || @queue.size >= @queue_max || line.empty? # The service takes no empty event.
          @dropped += 1
        else
          @queue << event
          @thread ||= Thread.new { run }
          @changed.broadcast if @queue.size == 1 || @queue.size == EVENTS_MAX
        end
      end
    end
    alias info log
    alias call log

    # Sends what is queued, for close_seconds at most, and stops. The end of the program calls it too.
    def close
      return if @closing || @pid != Process.pid

      @mutex.synchronize do
        @closing = true
        @changed.broadcast
      end
      @thread&.join(@close_seconds)
      @thread&.kill
      @mutex.synchronize do
        left = @queue.size + @busy
        @dropped += left
        @queue.clear
        @busy = 0
        @errors.puts("skywatch_profiler: #{left} lines were not sent before the end") if left.positive?
      end
    end

    private

    def fresh
      @pid = Process.pid
      @stream = @stream_given || "#{Socket.gethostname}-#{@pid}"
      @mutex = Mutex.new
      @changed = ConditionVariable.new
      @queue = []
      @busy = 0
      @thread = nil
      @closing = false
    end

    def run
      loop do
        batch = @mutex.synchronize do
          @changed.wait(@mutex) while @queue.empty? && !@closing
          return if @queue.empty?

          wait_for_company
          take.tap { |taken| @busy = taken.size }
        end
        stored = deliver(batch)
        @mutex.synchronize do
          @sent += stored
          @dropped += batch.size - stored
          @busy = 0
        end
      end
    end

    # Others may come to travel along. The mutex is held.
    def wait_for_company
      deadline = now + @interval
      while !@closing && @queue.size < EVENTS_MAX && (left = deadline - now).positive?
        @changed.wait(@mutex, left)
      end
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # Removes what fits into one call, oldest first. The mutex is held.
    def take
      bytes = 0
      low = high = nil
      count = 0
      @queue.each do |event|
        event[:message] = cut(event[:message])
        bytes += event[:message].bytesize + EVENT_OVERHEAD_BYTES
        first, last = [low || event[:timestamp], event[:timestamp]].min, [high || event[:timestamp], event[:timestamp]].max
        break if count == EVENTS_MAX || (count.positive? && (bytes > BATCH_BYTES_MAX || last - first >= SPAN_MS_MAX))

        low, high = first, last
        count += 1
      end
      @queue.shift(count).sort_by.with_index { |event, index| [event[:timestamp], index] }
    end

    def cut(text)
      text = text.encode("UTF-8", invalid: :replace, undef: :replace).scrub
      text.bytesize > EVENT_BYTES_MAX ? text.byteslice(0, EVENT_BYTES_MAX).scrub("") : text
    end

    # Tries until the service answered for good. Returns how many were stored.
    def deliver(batch)
      pause = @backoff
      loop do
        begin
          rejected = put(batch)&.rejected_log_events_info
          return batch.size unless rejected

          count = [rejected.too_old_log_event_end_index.to_i, rejected.expired_log_event_end_index.to_i].max
          count += batch.size - (rejected.too_new_log_event_start_index || batch.size)
          complain("the service refused #{count} lines")
          return batch.size - count
        rescue StandardError => e
          complain("cannot send to #{@group}/#{@stream}: #{e.message}")
          return 0 if e.respond_to?(:code) && HOPELESS.include?(e.code)
        end
        sleep(pause * (0.5 + rand / 2)) # close ends the thread.
        pause = [pause * 2, BACKOFF_MAX_S].min
      end
    end

    def put(batch)
      names = { log_group_name: @group, log_stream_name: @stream }
      @client.put_log_events(**names, log_events: batch)
    rescue StandardError => e
      raise unless code?(e, "ResourceNotFoundException")

      [-> { @client.create_log_group(log_group_name: @group) }, -> { @client.create_log_stream(**names) }].each do |create|
        create.call
      rescue StandardError => e
        raise unless code?(e, "ResourceAlreadyExistsException")
      end
      @client.put_log_events(**names, log_events: batch)
    end

    def code?(error, code)
      error.respond_to?(:code) && error.code == code
    end

    def complain(text)
      return if now < @next_complaint

      @next_complaint = now + COMPLAINT_PAUSE_S
      @errors.puts("skywatch_profiler: #{text}; #{@dropped} dropped so far")
    end
  end
end
