# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "active_support"
require "active_support/notifications"

module SkywatchProfiler
  # Counts the queries of ActiveRecord by its notifications. What its query cache answers, and what it asks about the schema, is none.
  class ActiveRecordQueries
    RUNNING = :skywatch_profiler_queries

    def start(_name, _id, payload)
      measured = SkywatchProfiler.current
      return if measured.nil? || payload[:cached] || payload[:name] == "SCHEMA"

      measured.query_starts
      (Thread.current[RUNNING] ||= {}.compare_by_identity)[payload] = measured
    end

    def finish(_name, _id, payload)
      measured = Thread.current[RUNNING]&.delete(payload)
      measured&.query_ends(payload[:sql].to_s)
    end
  end

  ActiveSupport::Notifications.subscribe("sql.active_record", ActiveRecordQueries.new)
end
