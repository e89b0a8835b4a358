// SPDX-License-Identifier: Apache-2.0

package profiler

import (
	"regexp"
	"strings"
)

const (
	// A request that runs more different texts than this is not an N+1 of one statement; later texts are not looked at.
	textsMax          = 256
	textCharactersMax = 2000
)

var (
	literalPattern     = regexp.MustCompile(`'(?:[^']|'')*'|\b0x[0-9a-fA-F]+\b|\b\d+(?:\.\d+)?\b`)
	listPattern        = regexp.MustCompile(`\(\s*(?:\?|[$:@][\w?]+)(?:\s*,\s*(?:\?|[$:@][\w?]+))*\s*\)`)
	transactionPattern = regexp.MustCompile(`(?i)^\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START|SET)\b`)
)

// shape is the statement without what changes from call to call: literals, the length of lists, blanks.
func shape(sql string) string {
	if len(sql) > textCharactersMax {
		sql = sql[:textCharactersMax]
	}
	text := literalPattern.ReplaceAllString(sql, "?")
	return strings.Join(strings.Fields(listPattern.ReplaceAllString(text, "(?)")), " ")
}

// mostRepeated says how often the most frequent shape ran; 0 when that is not more than over. Statements that only open and
// close transactions do not count.
func mostRepeated(texts map[string]int, over int) int {
	shapes, most := make(map[string]int, len(texts)), 0
	for text, count := range texts {
		if transactionPattern.MatchString(text) {
			continue
		}
		key := shape(text)
		shapes[key] += count
		most = max(most, shapes[key])
	}
	if most > over {
		return most
	}
	return 0
}
