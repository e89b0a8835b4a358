// SPDX-License-Identifier: Apache-2.0

package profiler

import (
	"context"
	"sync"
	"time"
)

// Measured holds the measures of one request. Any goroutine that works for the request may add to it.
//
// Query time is the time during which at least one query ran, and external time likewise: work that runs in parallel is counted
// once, so neither is ever more than the duration.
type Measured struct {
	profiler *Profiler
	start    time.Time
	trace    string

	mutex    sync.Mutex
	view     string
	finished bool
	queries  int
	texts    map[string]int
	query    interval
	external interval
	size     int64
}

// interval adds up the time during which at least one of its activities runs.
type interval struct {
	running int
	since   time.Time
	total   time.Duration
}

func (i *interval) begin() {
	if i.running == 0 {
		i.since = time.Now()
	}
	i.running++
}

func (i *interval) end(finished bool) {
	i.running--
	if i.running == 0 && !finished {
		i.total += time.Since(i.since)
	}
}

func (i *interval) until(now time.Time, most time.Duration) int64 {
	if i.running > 0 {
		i.total += now.Sub(i.since)
	}
	return int64(min(i.total, most))
}

type contextKey struct{}

// FromContext returns the request that ctx belongs to, or nil. All methods of Measured accept nil.
func FromContext(ctx context.Context) *Measured {
	measured, _ := ctx.Value(contextKey{}).(*Measured)
	return measured
}

// SetView names the view, for routers that the middleware does not know: a route's name or template, never a path.
func (m *Measured) SetView(view string) {
	if m == nil {
		return
	}
	m.mutex.Lock()
	m.view = view
	m.mutex.Unlock()
}

func nothing() {}

// StartQuery begins a database query and returns what ends it, for drivers that Open does not wrap.
func (m *Measured) StartQuery(text string) (end func()) {
	end, _ = m.startQuery(text)
	return end
}

// startQuery also returns what ends the time without counting a query.
func (m *Measured) startQuery(text string) (end, cancel func()) {
	if m == nil {
		return nothing, nothing
	}
	m.mutex.Lock()
	m.query.begin()
	m.mutex.Unlock()
	return func() { m.endQuery(text, 1) }, func() { m.endQuery(text, 0) }
}

func (m *Measured) endQuery(text string, count int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.query.end(m.finished)
	if m.finished || count == 0 {
		return
	}
	m.queries++
	if m.texts == nil {
		m.texts = make(map[string]int)
	}
	if _, known := m.texts[text]; known || len(m.texts) < textsMax {
		m.texts[text]++
	}
}

// StartExternal begins work of another service and returns what ends it.
func (m *Measured) StartExternal() (end func()) {
	if m == nil {
		return nothing
	}
	m.mutex.Lock()
	m.external.begin()
	m.mutex.Unlock()
	return m.endExternal
}

func (m *Measured) endExternal() {
	m.mutex.Lock()
	m.external.end(m.finished)
	m.mutex.Unlock()
}

// finish writes the line; only its first call does.
func (m *Measured) finish(method, view string, status int) {
	now := time.Now()
	duration := now.Sub(m.start)
	m.mutex.Lock()
	if m.finished {
		m.mutex.Unlock()
		return
	}
	m.finished = true
	if m.view != "" {
		view = m.view
	}
	if view == "" {
		view = Unresolved
	}
	options := &m.profiler.options
	line := fields{method: method, view: view, durationNs: int64(duration), status: status, sample: options.Sample,
		queryNs: m.query.until(now, duration), externalNs: m.external.until(now, duration), queries: m.queries, trace: m.trace,
		namespace: options.Namespace}
	if method != "HEAD" { // Nobody reads the body of an answer to HEAD, whatever the handler wrote.
		line.size = m.size
	}
	texts := m.texts
	m.mutex.Unlock()
	if options.SlowerThan > 0 && duration <= options.SlowerThan {
		return
	}
	if line.queries > options.RepeatedOver {
		line.repeated = mostRepeated(texts, options.RepeatedOver)
	}
	if options.Format == EMF {
		line.timestampMs = now.UnixMilli()
	}
	options.Log(formatLine(options.Format, &line))
}
