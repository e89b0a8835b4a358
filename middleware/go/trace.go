// SPDX-License-Identifier: Apache-2.0

package profiler

import (
	"net/http"
	"regexp"
	"strings"
)

const headerCharactersMax = 512

var (
	// Root=1-<8 hex: time>-<24 hex>, somewhere among the fields that ';' separates.
	xrayPattern = regexp.MustCompile(`(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:\s*;|\s*$)`)
	// version-trace-parent-flags. https://www.w3.org/TR/trace-context/
	w3cPattern = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$`)
)

// traceID is the id as its own standard writes it, X-Ray first; empty when neither header is present and well-formed.
func traceID(header http.Header) string {
	if xray := header.Get("X-Amzn-Trace-Id"); xray != "" && len(xray) <= headerCharactersMax {
		if match := xrayPattern.FindStringSubmatch(xray); match != nil {
			return match[1]
		}
	}
	if w3c := header.Get("Traceparent"); w3c != "" && len(w3c) <= headerCharactersMax {
		match := w3cPattern.FindStringSubmatch(strings.TrimSpace(w3c))
		if match != nil && match[1] != "ff" && strings.Trim(match[2], "0") != "" && strings.Trim(match[3], "0") != "" {
			return match[2]
		}
	}
	return ""
}
