// SPDX-License-Identifier: Apache-2.0

package profiler

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// kept holds the lines of a test.
type kept struct {
	mutex sync.Mutex
	lines []string
	added chan struct{}
}

func keep() *kept { return &kept{added: make(chan struct{}, 100_000)} }

func (k *kept) log(line string) {
	k.mutex.Lock()
	k.lines = append(k.lines, line)
	k.mutex.Unlock()
	k.added <- struct{}{}
}

// wait returns the lines once there are count of them: a client may have its answer before the handler returned.
func (k *kept) wait(t *testing.T, count int) []string {
	t.Helper()
	for range count {
		select {
		case <-k.added:
		case <-time.After(20 * time.Second):
			t.Fatalf("%d lines expected, there are %q", count, k.lines)
		}
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if len(k.lines) != count {
		t.Fatalf("%d lines expected, there are %q", count, k.lines)
	}
	return slices.Clone(k.lines)
}

func profiled(t *testing.T, options Options) (*Profiler, *kept) {
	t.Helper()
	lines := keep()
	options.Log = lines.log
	p, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return p, lines
}

var glob = regexp.MustCompile(`(?s)\[(.*?)\] (.*?) (.*?) (.*?) (.*)`) // parse @message "[*] * * * *"

// lineCases is what all packages write and read alike.
type lineCases struct {
	Fields map[string]struct {
		Method     string
		View       string
		DurationNs int64 `json:"duration_ns"`
		Status     int
		Size       int64
		Queries    int
		QueryNs    int64 `json:"query_ns"`
		Repeated   int
		Sample     int
		Trace      string
	}
	Forms, Traces     [][3]string
	Words, Statements [][2]string
	Milliseconds      [][2]any
}

func readLineCases(t *testing.T) (cases lineCases) {
	t.Helper()
	text, err := os.ReadFile("../testing/line_cases.json")
	if err == nil {
		err = json.Unmarshal(text, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestForms(t *testing.T) {
	cases := readLineCases(t)
	for _, c := range cases.Forms {
		form, want, given := Format(c[0]), c[2], cases.Fields[c[1]]
		got := formatLine(form, &fields{method: given.Method, view: given.View, durationNs: given.DurationNs, status: given.Status, size: given.Size,
			queries: given.Queries, queryNs: given.QueryNs, repeated: given.Repeated, sample: given.Sample, trace: given.Trace})
		if got != want {
			t.Errorf("%s: %s", form, got)
		}
		if form == JSON && !json.Valid([]byte(got)) {
			t.Errorf("not JSON: %s", got)
		}
		if match := glob.FindStringSubmatch(got); form != JSON && !slices.Equal(match[2:], []string{"GET", "user-list", "12.34", "200"}) {
			t.Errorf("the query reads %q", match)
		}
	}
}

func TestEmbeddedMetricsNameMembersThatExist(t *testing.T) {
	var line map[string]any
	text := formatLine(EMF, &fields{method: "GET", view: `a"b`, status: 503, namespace: "shop", timestampMs: 1700000000123, sample: 1})
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatal(err, text)
	}
	directive := line["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
	for _, metric := range directive["Metrics"].([]any) {
		if _, ok := line[metric.(map[string]any)["Name"].(string)].(float64); !ok {
			t.Errorf("%v is no number of %s", metric, text)
		}
	}
	for _, dimension := range directive["Dimensions"].([]any)[0].([]any) {
		if _, ok := line[dimension.(string)].(string); !ok {
			t.Errorf("%v is no text of %s", dimension, text)
		}
	}
	if line["faults"] != 1.0 || directive["Namespace"] != "shop" {
		t.Error(text)
	}
}

func TestWords(t *testing.T) {
	cases := readLineCases(t)
	for _, c := range append(cases.Words, [2]string{"\xff", "_"}) {
		if got := word(c[0]); got != c[1] {
			t.Errorf("word(%q) = %q", c[0], got)
		}
	}
	for _, c := range cases.Milliseconds {
		if got := string(appendMs(nil, int64(c[0].(float64)))); got != c[1] {
			t.Errorf("%v ns = %s", c[0], got)
		}
	}
}

func TestShapes(t *testing.T) {
	for _, c := range readLineCases(t).Statements {
		if got := shape(c[0]); got != c[1] {
			t.Errorf("%q became %q", c[0], got)
		}
	}
	many := map[string]int{"SAVEPOINT a": 9, "SELECT 1": 3, "SELECT 2": 3}
	if got := mostRepeated(many, 5); got != 6 {
		t.Error(got)
	}
	if got := mostRepeated(many, 6); got != 0 {
		t.Error(got)
	}
}

func TestTraces(t *testing.T) {
	for _, c := range readLineCases(t).Traces {
		header := http.Header{}
		header.Set("X-Amzn-Trace-Id", c[0])
		header.Set("Traceparent", c[1])
		if got := traceID(header); got != c[2] {
			t.Errorf("%q %q gave %q", c[0], c[1], got)
		}
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, options := range []Options{{Format: "xml"}, {Sample: -1}, {SkipPaths: []string{"("}}, {SlowerThan: -1}} {
		if _, err := New(options); err == nil {
			t.Errorf("%+v was taken", options)
		}
	}
}

func served(mux http.Handler, t *testing.T, options Options) (*httptest.Server, *kept) {
	p, lines := profiled(t, options)
	server := httptest.NewUnstartedServer(p.Middleware(mux))
	server.Config.ErrorLog = nil
	server.Start()
	t.Cleanup(server.Close)
	return server, lines
}

func testMux() *http.ServeMux {
	mux := http.NewServeMux()
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) }
	}
	mux.HandleFunc("GET /users/{id}", text("12345"))
	mux.HandleFunc("POST /users/{id}", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201) })
	mux.HandleFunc("GET other.example/hosted/{x}", text("x"))
	mux.HandleFunc("/orgs/{org}/", text("org"))
	mux.HandleFunc("/nothing", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/early", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(202) })
	mux.HandleFunc("/panics", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		for range 3 {
			io.WriteString(w, "abc")
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/copied", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, strings.NewReader("1234567")) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/users/1", 302) })
	inner := http.NewServeMux()
	inner.HandleFunc("GET /items/{item}", text("item"))
	mux.Handle("/api/", http.StripPrefix("/api", Below("/api", inner)))
	mux.Handle("/late/", http.TimeoutHandler(Below("", inner2()), time.Minute, ""))
	return mux
}

func inner2() *http.ServeMux {
	inner := http.NewServeMux()
	inner.HandleFunc("/late/{n}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "late") })
	return inner
}

var line = regexp.MustCompile(`^\[profiler size=(\d+) queries=(\d+) query_ms=\S+ external_ms=\S+\] (\S+) (\S+) (\d+\.\d\d) (\d{3})$`)

func TestLineOfARequest(t *testing.T) {
	cases := []struct{ method, path, host, view, status, size string }{
		{"GET", "/users/7", "", "/users/{id}", "200", "5"},
		{"HEAD", "/users/7", "", "/users/{id}", "200", "0"},
		{"POST", "/users/8", "", "/users/{id}", "201", "0"},
		{"DELETE", "/users/8", "", "-", "405", ""},
		{"BREW", "/nothing", "", "/nothing", "200", "0"},
		{"GET", "/hosted/1", "other.example", "/hosted/{x}", "200", "1"},
		{"GET", "/orgs/7/", "", "/orgs/{org}/", "200", "3"},
		{"GET", "/orgs/7/any/thing", "", "/orgs/{org}/", "200", "3"},
		{"GET", "/orgs/7", "", "-", "", ""},
		{"GET", "/nothing", "", "/nothing", "200", "0"},
		{"GET", "/early", "", "/early", "202", "0"},
		{"GET", "/panics", "", "/panics", "500", "0"},
		{"GET", "/stream", "", "/stream", "200", "9"},
		{"GET", "/copied", "", "/copied", "200", "7"},
		{"GET", "/moved", "", "/moved", "302", ""},
		{"GET", "/api/items/3", "", "/api/items/{item}", "200", "4"},
		{"GET", "/api/none/3", "", "-", "404", ""},
		{"GET", "/late/3", "", "/late/{n}", "200", "4"},
		{"GET", "/no/such/3", "", "-", "404", ""},
	}
	server, lines := served(testMux(), t, Options{Format: Extended})
	client := server.Client()
	client.Transport.(*http.Transport).DisableKeepAlives = true // Else it tries an answer that broke off once more.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, c := range cases {
		lines.lines = nil
		request, _ := http.NewRequest(c.method, server.URL+c.path, nil)
		request.Host = c.host
		if response, err := client.Do(request); err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		match := line.FindStringSubmatch(lines.wait(t, 1)[0])
		method := c.method
		if method == "BREW" {
			method = "_OTHER"
		}
		if match == nil || match[3] != method || match[4] != c.view || c.status != "" && match[6] != c.status || c.size != "" && match[1] != c.size {
			t.Errorf("%s %s wrote %q", c.method, c.path, lines.lines)
		}
	}
}

func TestCardinalityIsBounded(t *testing.T) {
	p, lines := profiled(t, Options{})
	handler := p.Middleware(testMux())
	views := map[string]bool{}
	for i := range 100 {
		for _, path := range []string{"/users/%d", "/orgs/%d/x", "/orgs/%d", "/%d", "/api/items/%d", "/api/%d/x"} {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf(path, i), nil))
		}
	}
	for _, text := range lines.wait(t, 600) {
		views[strings.Fields(text)[2]] = true
	}
	if len(views) != 4 || !views["-"] || !views["/users/{id}"] || !views["/orgs/{org}/"] || !views["/api/items/{item}"] {
		t.Errorf("%v", views)
	}
}

func TestFilters(t *testing.T) {
	cases := []struct {
		options      Options
		method, path string
		written      bool
	}{
		{Options{SkipMethods: []string{"OPTIONS"}}, "OPTIONS", "/nothing", false},
		{Options{SkipMethods: []string{"OPTIONS"}}, "GET", "/nothing", true},
		{Options{SkipPaths: []string{"^/no"}}, "GET", "/nothing", false},
		{Options{SkipPaths: []string{"^/no"}}, "GET", "/stream", true},
		{Options{SlowerThan: time.Hour}, "GET", "/stream", false},
	}
	for _, c := range cases {
		p, lines := profiled(t, c.options)
		p.Middleware(testMux()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(c.method, c.path, nil))
		if written := len(lines.lines) == 1; written != c.written {
			t.Errorf("%+v: %q", c, lines.lines)
		}
	}
}

func TestSamplingSaysItsRate(t *testing.T) {
	p, lines := profiled(t, Options{Sample: 10})
	numbers := []float64{0, 0.0999, 0.1, 0.5}
	p.choose = func() float64 { n := numbers[0]; numbers = numbers[1:]; return n }
	handler := p.Middleware(testMux())
	for range 4 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/nothing", nil))
	}
	for _, text := range lines.wait(t, 2) {
		if !strings.HasPrefix(text, "[profiler sample=10] GET /nothing ") {
			t.Error(text)
		}
	}
}

func TestAClientThatLeavesIsNoFault(t *testing.T) {
	p, lines := profiled(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	handler := p.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { cancel() }))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	if text := lines.wait(t, 1)[0]; !strings.HasSuffix(text, " 499") {
		t.Error(text)
	}
}

func TestHijackedConnectionsWriteNoLine(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		connection, buffer, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		buffer.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello")
		buffer.Flush()
	})
	server, lines := served(mux, t, Options{})
	connection, err := http.DefaultTransport.(*http.Transport).DialContext(context.Background(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "GET /socket HTTP/1.1\r\nHost: x\r\n\r\n")
	all, _ := io.ReadAll(bufio.NewReader(connection))
	if !strings.HasSuffix(string(all), "hello") {
		t.Errorf("%q", all)
	}
	server.Close()
	if len(lines.lines) != 0 {
		t.Error(lines.lines)
	}
}

func TestNestedMiddlewareMeasuresOnce(t *testing.T) {
	p, lines := profiled(t, Options{})
	p.Middleware(p.Middleware(testMux())).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/nothing", nil))
	lines.wait(t, 1)
}

func TestTraceIsInTheLine(t *testing.T) {
	p, lines := profiled(t, Options{Format: Extended})
	request := httptest.NewRequest("GET", "/nothing", nil)
	request.Header.Set("Traceparent", "00-"+strings.Repeat("a", 32)+"-"+strings.Repeat("b", 16)+"-01")
	p.Middleware(testMux()).ServeHTTP(httptest.NewRecorder(), request)
	if text := lines.wait(t, 1)[0]; !strings.Contains(text, " trace="+strings.Repeat("a", 32)+"] ") {
		t.Error(text)
	}
}

func TestParallelCallsCountOnceAndBodiesCount(t *testing.T) {
	const delay = 30 * time.Millisecond
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		time.Sleep(delay) // This service is slow in its body: that is what must be seen.
		io.WriteString(w, "ok")
	}))
	defer outside.Close()
	client := &http.Client{Transport: Transport(nil)}
	mux := http.NewServeMux()
	mux.HandleFunc("/call", func(w http.ResponseWriter, r *http.Request) {
		var all sync.WaitGroup
		for range 4 {
			all.Add(1)
			go func() {
				defer all.Done()
				request, _ := http.NewRequestWithContext(r.Context(), "GET", outside.URL, nil)
				response, err := client.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}()
		}
		all.Wait()
	})
	p, lines := profiled(t, Options{Format: JSON})
	p.Middleware(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/call", nil))
	var seen struct {
		Duration   float64 `json:"duration"`
		ExternalMs float64 `json:"external_ms"`
	}
	if err := json.Unmarshal([]byte(lines.wait(t, 1)[0]), &seen); err != nil {
		t.Fatal(err)
	}
	if seen.ExternalMs < 0.9*float64(delay.Milliseconds()) || seen.ExternalMs > seen.Duration {
		t.Errorf("%+v", seen)
	}
}

// fakeDriver offers only what a driver must; its modern form the newer interfaces too.
type fakeDriver struct{ modern bool }
type fakeConn struct{}
type modernConn struct{ fakeConn }
type fakeStmt struct{ query string }
type fakeRows struct{}

func (d fakeDriver) Open(string) (driver.Conn, error) {
	if d.modern {
		return modernConn{}, nil
	}
	return fakeConn{}, nil
}
func (fakeConn) Prepare(query string) (driver.Stmt, error) {
	if strings.Contains(query, "nowhere") {
		return nil, errors.New("no such table")
	}
	return fakeStmt{query}, nil
}
func (fakeConn) Close() error              { return nil }
func (fakeConn) Begin() (driver.Tx, error) { return fakeTx{}, nil }
func (modernConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	if strings.Contains(query, "skip") {
		return nil, driver.ErrSkip
	}
	return fakeRows{}, nil
}
func (modernConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}

type fakeTx struct{}

func (fakeTx) Commit() error   { return nil }
func (fakeTx) Rollback() error { return nil }

func (fakeStmt) Close() error  { return nil }
func (fakeStmt) NumInput() int { return -1 }
func (fakeStmt) Exec([]driver.Value) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}
func (fakeStmt) Query([]driver.Value) (driver.Rows, error) { return fakeRows{}, nil }
func (fakeRows) Columns() []string                         { return []string{"a"} }
func (fakeRows) Close() error                              { return nil }
func (fakeRows) Next([]driver.Value) error                 { return io.EOF }

func init() {
	sql.Register("profiler-old", fakeDriver{})
	sql.Register("profiler-modern", fakeDriver{modern: true})
}

func TestQueriesOfADatabaseAreCounted(t *testing.T) {
	for _, name := range []string{"profiler-old", "profiler-modern"} {
		db, err := Open(name, "")
		if err != nil {
			t.Fatal(err)
		}
		p, lines := profiled(t, Options{Format: Extended, RepeatedOver: 3})
		p.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			for i := range 4 {
				rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT a FROM b WHERE id = %d", i))
				if err != nil {
					t.Error(err)
					return
				}
				rows.Close()
			}
			rows, err := db.QueryContext(ctx, "SELECT skip")
			if err != nil {
				t.Error(err)
				return
			}
			rows.Close()
			if _, err := db.ExecContext(ctx, "UPDATE b SET a = ?", 1); err != nil {
				t.Error(err)
			}
			statement, err := db.PrepareContext(ctx, "DELETE FROM b WHERE id = ?")
			if err != nil {
				t.Error(err)
				return
			}
			defer statement.Close()
			if _, err := statement.ExecContext(ctx, 1); err != nil {
				t.Error(err)
			}
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO b VALUES (?)", 1); err != nil {
				t.Error(err)
			}
			tx.Commit()
			db.Query("SELECT without a context") // Belongs to nobody.
		})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		if text := lines.wait(t, 1)[0]; !strings.Contains(text, " queries=8 ") || !strings.Contains(text, " repeated=4]") {
			t.Errorf("%s: %s", name, text)
		}
		if err := db.PingContext(context.Background()); err != nil {
			t.Error(err)
		}
		db.Close()
	}
}

func BenchmarkMiddleware(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) })
	request := httptest.NewRequest("GET", "/users/7", nil)
	run := func(name string, handler http.Handler) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			recorder := httptest.NewRecorder()
			for range b.N {
				handler.ServeHTTP(recorder, request)
			}
		})
	}
	run("without", mux)
	file, err := os.CreateTemp(b.TempDir(), "lines")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	logger := log.New(file, "", 0)
	for _, form := range []Format{Plain, Extended, JSON} {
		p, _ := New(Options{Format: form, Log: func(string) {}})
		run(string(form)+"_null", p.Middleware(mux))
		p, _ = New(Options{Format: form, Log: func(line string) { logger.Print(line) }})
		run(string(form)+"_file", p.Middleware(mux))
	}
}
