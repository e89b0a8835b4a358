// SPDX-License-Identifier: Apache-2.0
'use strict';
// Finds statements that a request runs again and again: the N+1 fault.

// A request that runs more different texts than this is not an N+1 of one statement; later texts are not looked at.
const TEXTS_MAX = 256;
const TEXT_CHARACTERS_MAX = 2000;

const LITERAL = /'(?:[^']|'')*'|\b0x[0-9a-fA-F]+\b|\b\d+(?:\.\d+)?\b/g;
const LIST = /\(\s*(?:\?|[$:@][\w?]+)(?:\s*,\s*(?:\?|[$:@][\w?]+))*\s*\)/g;
const TRANSACTION = /^\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START|SET)\b/i;

// The statement without what changes from call to call: literals, the length of lists, blanks.
function shape(sql) {
  return sql.slice(0, TEXT_CHARACTERS_MAX).replace(LITERAL, '?').replace(LIST, '(?)').replace(/\s+/g, ' ').trim();
}

// How often the most frequent shape ran, from a Map of text to count; 0 when that is not more than `over`. Statements that only
// open and close transactions do not count.
function mostRepeated(texts, over) {
  const shapes = new Map();
  let most = 0;
  for (const [text, count] of texts) {
    if (TRANSACTION.test(text)) continue;
    const key = shape(text);
    const sum = (shapes.get(key) ?? 0) + count;
    shapes.set(key, sum);
    most = Math.max(most, sum);
  }
  return most > over ? most : 0;
}

module.exports = { TEXTS_MAX, mostRepeated, shape };
