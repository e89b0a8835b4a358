// SPDX-License-Identifier: Apache-2.0

// A small shop on net/http and SQLite whose endpoints are measured. Its lines go to skywatch.
//
//	SKYWATCH_LOG_GROUP   the log group (default shop)
//	SKYWATCH_ENDPOINT    http://127.0.0.1:4580; without it the lines go to the standard logger
//	PROFILER_OPTIONS     {"format": "extended"}
//	AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION as every AWS client reads them
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	_ "github.com/mattn/go-sqlite3"

	"skywatch/profiler"
	"skywatch/profiler/cloudwatch"
)

// What the partner that /rates asks takes to answer: it is what the endpoint's time shows.
const partnerDelay = 400 * time.Millisecond

func or(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

type shop struct {
	db      *sql.DB
	partner string
	client  *http.Client
}

func (s *shop) fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "the shop is broken", http.StatusInternalServerError)
}

// item reads an item and its orders: two queries.
func (s *shop) item(w http.ResponseWriter, r *http.Request) {
	var name string
	if err := s.db.QueryRowContext(r.Context(), "SELECT name FROM items WHERE id = ? % 20", r.PathValue("n")).Scan(&name); err != nil {
		s.fail(w, err)
		return
	}
	var orders int
	if err := s.db.QueryRowContext(r.Context(), "SELECT count(*) FROM orders WHERE item = ?", name).Scan(&orders); err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"name": name, "orders": orders})
}

// order places one: two queries.
func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	var name string
	if err := s.db.QueryRowContext(r.Context(), "SELECT name FROM items WHERE id = ? % 20", r.PathValue("n")).Scan(&name); err != nil {
		s.fail(w, err)
		return
	}
	if _, err := s.db.ExecContext(r.Context(), "INSERT INTO orders (item) VALUES (?)", name); err != nil {
		s.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (s *shop) rates(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequestWithContext(r.Context(), "GET", s.partner, nil)
	if err != nil {
		s.fail(w, err)
		return
	}
	answer, err := s.client.Do(request)
	if err != nil {
		s.fail(w, err)
		return
	}
	defer answer.Body.Close()
	fmt.Fprintln(w, answer.Status)
}

func export(w http.ResponseWriter, r *http.Request) {
	for range 3 {
		fmt.Fprint(w, strings.Repeat("x", 1000))
		w.(http.Flusher).Flush()
	}
}

func (s *shop) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{n}", s.item)
	mux.HandleFunc("POST /items/{n}", s.order)
	mux.HandleFunc("GET /rates/{n}", s.rates)
	mux.HandleFunc("GET /export", export)
	mux.HandleFunc("GET /latest", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/items/1", http.StatusFound) })
	mux.HandleFunc("GET /failing", func(w http.ResponseWriter, r *http.Request) { s.fail(w, errors.New("an endpoint that fails")) })
	return mux
}

// database makes one in memory, shared by the connections of this process.
func database() (*sql.DB, error) {
	db, err := profiler.Open("sqlite3", "file:shop?mode=memory&cache=shared&_busy_timeout=20000")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT);
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19) INSERT INTO items SELECT i, 'item ' || i FROM n`)
	return db, err
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	options := struct{ Format profiler.Format }{profiler.Extended}
	if err := json.Unmarshal([]byte(or("PROFILER_OPTIONS", "{}")), &options); err != nil {
		return err
	}
	settings := profiler.Options{Format: options.Format}
	if endpoint := os.Getenv("SKYWATCH_ENDPOINT"); endpoint != "" {
		account, err := config.LoadDefaultConfig(ctx, config.WithBaseEndpoint(endpoint))
		if err != nil {
			return err
		}
		sender := cloudwatch.New(cloudwatchlogs.NewFromConfig(account), cloudwatch.Options{Group: or("SKYWATCH_LOG_GROUP", "shop")})
		defer func() {
			late, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := sender.Close(late); err != nil {
				log.Print(err)
			}
		}()
		settings.Log = sender.Log
	}
	p, err := profiler.New(settings)
	if err != nil {
		return err
	}
	db, err := database()
	if err != nil {
		return err
	}
	defer db.Close()

	partner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(partner, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { time.Sleep(partnerDelay) }))
	s := &shop{db, "http://" + partner.Addr().String(), &http.Client{Transport: profiler.Transport(nil)}}

	listener, err := net.Listen("tcp", or("SHOP_LISTEN", "127.0.0.1:0"))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: p.Middleware(s.routes())}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Printf("shop: listening on http://%s\n", listener.Addr())
	select {
	case <-ctx.Done():
	case err := <-failed:
		return err
	}
	late, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(late)
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
