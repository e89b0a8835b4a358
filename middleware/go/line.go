// SPDX-License-Identifier: Apache-2.0

package profiler

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Format is one of the forms of the line.
type Format string

// The forms. Plain and Extended answer the same query, parse @message "[*] * * * *": the measures of Extended stand inside the
// first bracket. EMF is JSON with the block that makes CloudWatch derive metrics from it.
const (
	Plain    Format = "plain"
	Extended Format = "extended"
	JSON     Format = "json"
	EMF      Format = "emf"
)

// Unresolved is the view of a request that no route matched: its path may be anything, so it is not written.
const Unresolved = "-"

const (
	otherMethod = "_OTHER"
	// A route is written by the program's author and short; the bound only keeps a mistake from filling the log.
	viewCharactersMax = 200
	// Names and units of the embedded metric format.
	metrics = `[{"Name":"duration","Unit":"Milliseconds"},{"Name":"size","Unit":"Bytes"},{"Name":"queries","Unit":"Count"},` +
		`{"Name":"query_ms","Unit":"Milliseconds"},{"Name":"external_ms","Unit":"Milliseconds"},{"Name":"faults","Unit":"Count"}]`
)

type fields struct {
	method, view                    string
	durationNs, queryNs, externalNs int64
	status, queries, repeated       int
	size                            int64
	sample                          int
	trace                           string
	timestampMs                     int64
	namespace                       string
}

// word makes one field of the line: blanks and control characters would shift the fields behind them, so each becomes '_'.
func word(text string) string {
	clean := len(text) > 0 && len(text) <= viewCharactersMax
	for i := 0; clean && i < len(text); i++ {
		clean = text[i] > ' ' && text[i] < 0x7f
	}
	if clean {
		return text
	}
	var b strings.Builder
	count := 0
	for _, c := range text {
		if count == viewCharactersMax {
			break
		}
		count++
		if c == utf8.RuneError || unicode.IsSpace(c) || !unicode.IsPrint(c) {
			c = '_'
		}
		b.WriteRune(c)
	}
	if b.Len() == 0 {
		return Unresolved
	}
	return b.String()
}

// methodWord bounds what clients may choose.
func methodWord(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return method
	}
	return otherMethod
}

// appendMs appends nanoseconds as milliseconds with two decimals, rounded half up.
func appendMs(to []byte, ns int64) []byte {
	hundredths := (max(ns, 0) + 5_000) / 10_000
	to = strconv.AppendInt(to, hundredths/100, 10)
	rest := hundredths % 100
	return append(to, '.', byte('0'+rest/10), byte('0'+rest%10))
}

func appendInt(to []byte, name string, value int64) []byte {
	return strconv.AppendInt(append(to, name...), value, 10)
}

func formatLine(form Format, f *fields) string {
	b := make([]byte, 0, 256)
	method, view := methodWord(f.method), word(f.view)
	if form == JSON || form == EMF {
		viewText, _ := json.Marshal(view) // A string always has a JSON form.
		b = append(b, '{')
		if form == EMF {
			namespace, _ := json.Marshal(f.namespace)
			b = appendInt(b, `"_aws":{"Timestamp":`, f.timestampMs)
			b = append(append(b, `,"CloudWatchMetrics":[{"Namespace":`...), namespace...)
			b = append(b, `,"Dimensions":[["method","view"]],"Metrics":`+metrics+`}]},`...)
		}
		b = append(append(append(b, `"logger":"profiler","method":"`...), method...), `","view":`...)
		b = append(append(b, viewText...), `,"duration":`...)
		b = appendInt(appendMs(b, f.durationNs), `,"status_code":`, int64(f.status))
		b = appendInt(appendInt(b, `,"size":`, f.size), `,"queries":`, int64(f.queries))
		b = appendMs(append(b, `,"query_ms":`...), f.queryNs)
		b = appendMs(append(b, `,"external_ms":`...), f.externalNs)
		if f.repeated > 0 {
			b = appendInt(b, `,"repeated":`, int64(f.repeated))
		}
		if f.sample > 1 {
			b = appendInt(b, `,"sample":`, int64(f.sample))
		}
		if f.trace != "" {
			b = append(append(append(b, `,"trace":"`...), f.trace...), '"')
		}
		if form == EMF {
			faults := int64(0)
			if f.status >= 500 {
				faults = 1
			}
			b = appendInt(b, `,"faults":`, faults)
		}
		return string(append(b, '}'))
	}
	b = append(b, "[profiler"...)
	if form == Extended {
		b = appendInt(appendInt(b, " size=", f.size), " queries=", int64(f.queries))
		b = appendMs(append(b, " query_ms="...), f.queryNs)
		b = appendMs(append(b, " external_ms="...), f.externalNs)
		if f.repeated > 0 {
			b = appendInt(b, " repeated=", int64(f.repeated))
		}
	}
	if f.sample > 1 {
		b = appendInt(b, " sample=", int64(f.sample))
	}
	if form == Extended && f.trace != "" {
		b = append(append(b, " trace="...), f.trace...)
	}
	b = append(append(append(b, "] "...), method...), ' ')
	b = append(append(b, view...), ' ')
	return string(appendInt(appendMs(b, f.durationNs), " ", int64(f.status)))
}
