// SPDX-License-Identifier: Apache-2.0

// Package profiler writes one line for each request of a net/http server:
//
//	[profiler] GET /users/{id} 12.34 200
//	[profiler size=512 queries=3 query_ms=1.20 external_ms=0.00] GET /users/{id} 12.34 200
//
// Wrap the outermost handler; with Go 1.22's patterns nothing else is needed:
//
//	handler, err := profiler.New(profiler.Options{Format: profiler.Extended})
//	http.ListenAndServe(":8080", handler.Middleware(mux))
package profiler

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// clientClosed is what a client that went away leaves behind, as nginx writes it: neither an answer of ours nor a fault.
const clientClosed = 499

// Options are what a user may choose. The zero value writes plain lines to the standard logger.
type Options struct {
	Format       Format
	Log          func(line string) // Default log.Print.
	SkipMethods  []string          // Methods that write no line, such as OPTIONS and HEAD.
	SkipPaths    []string          // Regular expressions; a path in which one is found writes no line.
	SlowerThan   time.Duration     // Only requests that took longer write a line.
	Sample       int               // Write one of n requests, chosen at random; the line then says sample=n.
	RepeatedOver int               // The same statement more often than this adds repeated=n. Default 5.
	NoTrace      bool              // Leave out the id of an X-Ray or W3C trace.
	Namespace    string            // Of the metrics, format EMF. Default skywatch/profiler.
	// View names the view of a request after it was served, for routers other than http.ServeMux; "" means Unresolved.
	View func(*http.Request) string
}

// Profiler measures requests. Its methods may be called from any goroutine.
type Profiler struct {
	options   Options
	skipPaths []*regexp.Regexp
	choose    func() float64
}

// New checks the options.
func New(options Options) (*Profiler, error) {
	switch options.Format {
	case "":
		options.Format = Plain
	case Plain, Extended, JSON, EMF:
	default:
		return nil, fmt.Errorf("profiler: the format must be plain, extended, json or emf, not %q", options.Format)
	}
	if options.Sample < 0 || options.RepeatedOver < 0 || options.SlowerThan < 0 {
		return nil, fmt.Errorf("profiler: Sample, RepeatedOver and SlowerThan cannot be negative")
	}
	if options.Log == nil {
		options.Log = func(line string) { log.Print(line) }
	}
	if options.RepeatedOver == 0 {
		options.RepeatedOver = 5
	}
	if options.Namespace == "" {
		options.Namespace = "skywatch/profiler"
	}
	p := &Profiler{options: options, choose: rand.Float64}
	for _, text := range options.SkipPaths {
		pattern, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("profiler: SkipPaths: %w", err)
		}
		p.skipPaths = append(p.skipPaths, pattern)
	}
	return p, nil
}

func (p *Profiler) wanted(r *http.Request) bool {
	if slices.Contains(p.options.SkipMethods, r.Method) {
		return false
	}
	for _, pattern := range p.skipPaths {
		if pattern.MatchString(r.URL.Path) {
			return false
		}
	}
	return p.options.Sample <= 1 || p.choose()*float64(p.options.Sample) < 1
}

// Middleware measures each request from its arrival here to the return of the handler, when net/http has its last byte.
// Hijacked connections, WebSockets among them, write no line. Of nested middlewares the outermost measures.
func (p *Profiler) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if FromContext(r.Context()) != nil || !p.wanted(r) {
			next.ServeHTTP(w, r)
			return
		}
		measured := &Measured{profiler: p, start: time.Now()}
		if !p.options.NoTrace && p.options.Format != Plain {
			measured.trace = traceID(r.Header)
		}
		inner := r.WithContext(context.WithValue(r.Context(), contextKey{}, measured))
		recorder := &recorder{ResponseWriter: w}
		completed := false
		defer func() {
			// A panic passes by: net/http closes the connection, and the client has no answer of ours.
			if recorder.hijacked {
				return
			}
			measured.size = recorder.size
			status := recorder.status
			switch {
			case !completed && status == 0:
				status = http.StatusInternalServerError
				if r.Context().Err() != nil {
					status = clientClosed
				}
			case !completed:
				status = http.StatusInternalServerError
			case status == 0 && r.Context().Err() != nil:
				status = clientClosed
			case status == 0:
				status = http.StatusOK // net/http writes it for a handler that wrote nothing.
			}
			var view string
			if p.options.View != nil {
				view = p.options.View(inner)
			} else {
				view = viewOf(inner)
			}
			measured.finish(r.Method, view, status)
		}()
		next.ServeHTTP(recorder, inner)
		completed = true
	})
}

// viewOf takes the path of the pattern that ServeMux left in the request.
func viewOf(r *http.Request) string {
	pattern := r.Pattern
	if space := strings.IndexAny(pattern, " \t"); space >= 0 {
		pattern = strings.TrimLeft(pattern[space:], " \t")
	}
	if slash := strings.IndexByte(pattern, '/'); slash > 0 { // A host before the path.
		pattern = pattern[slash:]
	}
	// A pattern with a slash at its end serves paths with that slash; for one without it ServeMux answers with a redirect, and
	// some versions leave the path in place of the pattern.
	if strings.HasSuffix(pattern, "/") && strings.Count(r.URL.Path, "/") < strings.Count(pattern, "/") {
		return ""
	}
	return pattern
}

// Below names the views of a mux that the outer one does not see: mounted below a prefix, or behind a handler that copies the
// request, as http.StripPrefix and http.TimeoutHandler do. The view is prefix and the inner pattern.
//
//	mux.Handle("/api/", http.StripPrefix("/api", profiler.Below("/api", inner)))
func Below(prefix string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if view := viewOf(r); view != "" {
				FromContext(r.Context()).SetView(prefix + view)
			} else {
				FromContext(r.Context()).SetView(Unresolved)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// recorder notes the status and counts the body, and passes everything on, with the optional interfaces of net/http's own.
type recorder struct {
	http.ResponseWriter
	status   int
	size     int64
	hijacked bool
}

func (w *recorder) WriteHeader(status int) {
	// 1xx come before the answer, except that 101 is one.
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	count, err := w.ResponseWriter.Write(data)
	w.size += int64(count)
	return count, err
}

// ReadFrom keeps io.Copy from a file on its short way.
func (w *recorder) ReadFrom(source io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	count, err := io.Copy(w.ResponseWriter, source)
	w.size += count
	return count, err
}

func (w *recorder) Flush() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush() // As http.Flusher: a writer that cannot is left alone.
}

func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	connection, buffer, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = w.hijacked || err == nil
	return connection, buffer, err
}

func (w *recorder) Push(target string, options *http.PushOptions) error {
	if pusher, ok := w.ResponseWriter.(http.Pusher); ok {
		return pusher.Push(target, options)
	}
	return http.ErrNotSupported
}

// Unwrap lets http.ResponseController reach deadlines and full duplex.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
