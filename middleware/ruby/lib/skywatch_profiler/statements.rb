# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module SkywatchProfiler
  # Finds statements that a request runs again and again: the N+1 fault.
  module Statements
    # A request that runs more different texts than this is not an N+1 of one statement; later texts are not looked at.
    TEXTS_MAX = 256
    TEXT_CHARACTERS_MAX = 2000
    LITERAL = /'(?:[^']|'')*'|\b0x[0-9a-fA-F]+\b|\b\d+(?:\.\d+)?\b/.freeze
    LIST = /\(\s*(?:\?|[$:@][\w?]+)(?:\s*,\s*(?:\?|[$:@][\w?]+))*\s*\)/.freeze
    TRANSACTION = /\A\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START|SET)\b/i.freeze

    module_function

    # The statement without what changes from call to call: literals, the length of lists, blanks.
    def shape(sql)
      sql[0, TEXT_CHARACTERS_MAX].gsub(LITERAL, "?").gsub(LIST, "(?)").gsub(/\s+/, " ").strip
    end

    # How often the most frequent shape ran, from a hash of text to count; 0 when that is not more than `over`. Statements that
    # only open and close transactions do not count.
    def most_repeated(texts, over)
      shapes = Hash.new(0)
      texts.each { |text, count| shapes[shape(text)] += count unless TRANSACTION.match?(text) }
      most = shapes.values.max || 0
      most > over ? most : 0
    end
  end
end
