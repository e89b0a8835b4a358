# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "aws-sigv4"
require "json"
require "net/http"
require "uri"

module SkywatchProfiler
  # The three calls that a sender makes, signed by aws-sigv4, for where the gem aws-sdk-cloudwatchlogs is absent. Keys and region
  # come from the environment as for every AWS client. For one thread.
  class LogsClient
    TIMEOUT_S = 10

    # The service's answer to a call that it refused; `code` is the name of its error.
    class ServiceError < StandardError
      attr_reader :code

      def initialize(code, message)
        @code = code
        super("#{code}: #{message}")
      end
    end

    Answer = Struct.new(:rejected_log_events_info)
    Rejected = Struct.new(:too_new_log_event_start_index, :too_old_log_event_end_index, :expired_log_event_end_index)

    def initialize(endpoint: ENV["AWS_ENDPOINT_URL"], region: ENV.fetch("AWS_REGION", "us-east-1"))
      @uri = URI(endpoint || "https://logs.#{region}.amazonaws.com")
      @signer = Aws::Sigv4::Signer.new(service: "logs", region: region, access_key_id: ENV.fetch("AWS_ACCESS_KEY_ID"),
                                       secret_access_key: ENV.fetch("AWS_SECRET_ACCESS_KEY"), session_token: ENV["AWS_SESSION_TOKEN"])
    end

    def create_log_group(log_group_name:)
      ask("CreateLogGroup", logGroupName: log_group_name)
    end

    def create_log_stream(log_group_name:, log_stream_name:)
      ask("CreateLogStream", logGroupName: log_group_name, logStreamName: log_stream_name)
    end

    def put_log_events(log_group_name:, log_stream_name:, log_events:)
      info = ask("PutLogEvents", logGroupName: log_group_name, logStreamName: log_stream_name, logEvents: log_events)["rejectedLogEventsInfo"]
      Answer.new(info && Rejected.new(info["tooNewLogEventStartIndex"], info["tooOldLogEventEndIndex"], info["expiredLogEventEndIndex"]))
    end

    private

    def ask(operation, **input)
      body = JSON.generate(input)
      headers = { "content-type" => "application/x-amz-json-1.1", "x-amz-target" => "Logs_20140328.#{operation}" }
      signature = @signer.sign_request(http_method: "POST", url: "#{@uri.to_s.chomp("/")}/", headers: headers, body: body)
      http = Net::HTTP.new(@uri.host, @uri.port)
      http.use_ssl = @uri.scheme == "https"
      http.open_timeout = http.read_timeout = http.write_timeout = TIMEOUT_S
      http.max_retries = 0 # The sender tries again, and knows when to stop.
      answer = http.post("/", body, headers.merge(signature.headers))
      parsed = answer.body.to_s.empty? ? {} : JSON.parse(answer.body)
      return parsed if answer.is_a?(Net::HTTPSuccess)

      raise ServiceError.new(parsed["__type"].to_s.split("#").last || answer.code, parsed["message"])
    end
  end
end
