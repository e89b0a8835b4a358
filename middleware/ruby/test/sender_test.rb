# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "skywatch_profiler/logs_client"
require "skywatch_profiler/sender"
require "stringio"

class SenderTest < Minitest::Test
  Sender = SkywatchProfiler::Sender
  Client = SkywatchProfiler::LogsClient

  # The three calls as the service answers them; `gate` holds them up.
  class Service
    attr_reader :batches, :gate, :entered
    attr_accessor :fail, :info

    def initialize(group: false)
      @group = group
      @stream = false
      @batches = []
      @fail = []
      @gate = Queue.new
      @entered = Queue.new
    end

    def error(code)
      Client::ServiceError.new(code, "expected")
    end

    def create_log_group(log_group_name:)
      raise error("ResourceAlreadyExistsException") if @group

      @group = log_group_name
    end

    def create_log_stream(**)
      @stream = true
    end

    def put_log_events(log_events:, **)
      @entered << true
      @gate.pop # Closed: passes at once.
      raise @fail.shift unless @fail.empty?
      raise error("ResourceNotFoundException") unless @stream

      bytes = log_events.sum { |event| event[:message].bytesize + 26 }
      times = log_events.map { |event| event[:timestamp] }
      raise "limits" unless log_events.size.between?(1, Sender::EVENTS_MAX) && bytes <= Sender::BATCH_BYTES_MAX
      raise "order" unless times == times.sort && times.last - times.first < Sender::SPAN_MS_MAX

      @batches << log_events.map { |event| event[:message] }
      Client::Answer.new(@info)
    end
  end

  def start(service, open: true, **options)
    service.gate.close if open
    @errors = StringIO.new
    Sender.new(group: "g", stream: "s", client: service, interval: 0.001, backoff: 0.0001, close_seconds: 30, errors: @errors, **options)
  end

  def test_lines_arrive_in_order_and_the_group_is_made
    [false, true].each do |exists|
      service = Service.new(group: exists)
      sender = start(service)
      lines = (0...100).map { |n| "line #{n}" }
      lines.each { |line| sender.log(line) }
      sender.close
      assert_equal lines, service.batches.flatten
      assert_equal [100, 0], [sender.sent, sender.dropped]
    end
  end

  def test_a_full_queue_drops_and_never_waits
    service = Service.new
    sender = start(service, open: false, queue_max: 10)
    sender.log("first")
    service.entered.pop # From here on nothing leaves the queue.
    25.times { |n| sender.log(n.to_s) }
    assert_equal 15, sender.dropped
    service.gate.close
    sender.close
    sender.log("late")
    assert_equal [11, 16], [sender.sent, sender.dropped]
  end

  def test_failures
    down = -> { IOError.new("down") }
    [[[down.call, down.call, down.call], nil, 5], [[Client::ServiceError.new("InvalidParameterException", "no")], nil, 0],
     [[], Client::Rejected.new(nil, 2, nil), 3], [[], Client::Rejected.new(4, nil, 1), 3]].each do |fail, info, sent|
      service = Service.new
      service.fail = fail
      service.info = info
      sender = start(service, interval: 30)
      5.times { sender.log("x") }
      sender.close
      assert_equal [sent, 5 - sent], [sender.sent, sender.dropped]
      assert_equal 1, @errors.string.lines.size
    end
  end

  def test_batches_keep_the_limits
    service = Service.new
    sender = start(service, open: false, queue_max: 100_000)
    sender.log("first")
    service.entered.pop
    12.times { sender.log("x" * 200_000) }
    12_000.times { sender.log("y") }
    sender.log("a#{"é" * 200_000}")
    sender.log("\xff")
    service.gate.close
    sender.close
    assert_equal [12_015, 0], [sender.sent, sender.dropped]
    longest = service.batches.flatten.map(&:bytesize).max
    assert_includes [Sender::EVENT_BYTES_MAX, Sender::EVENT_BYTES_MAX - 1], longest
  end

  def test_closing_gives_up_on_a_dead_service
    service = Service.new
    sender = start(service, open: false, close_seconds: 0.02)
    sender.log("x")
    service.entered.pop
    sender.close
    assert_equal [0, 1], [sender.sent, sender.dropped]
    assert_includes @errors.string, "1 lines were not sent"
  end

  def test_a_forked_worker_sends_only_its_own
    service = Service.new
    sender = start(service, open: false)
    sender.log("parent")
    service.entered.pop
    sender.log("parent too")
    read, write = IO.pipe
    child = fork do
      service.gate.close
      sender.log("child")
      sender.close
      write.write(service.batches.flatten.join(","))
      write.close
      exit!(0)
    end
    write.close
    Process.wait(child)
    assert_equal "child", read.read
    service.gate.close
    sender.close
    assert_equal ["parent", "parent too"], service.batches.flatten
  end
end
