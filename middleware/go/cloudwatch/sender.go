// SPDX-License-Identifier: Apache-2.0

// Package cloudwatch sends log lines to CloudWatch Logs, or to skywatch, with the AWS SDK for Go v2:
//
//	sender := cloudwatch.New(cloudwatchlogs.NewFromConfig(config), cloudwatch.Options{Group: "shop"})
//	defer sender.Close(ctx)
//	handler, err := profiler.New(profiler.Options{Log: sender.Log})
//
// A line costs the request one append to a bounded queue. One goroutine sends batches; when the queue is full, lines are dropped
// and counted, never waited for.
package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	EventsMax          = 10_000
	BatchBytesMax      = 1_048_576
	EventOverheadBytes = 26
	EventBytesMax      = 262_144 - EventOverheadBytes
	SpanMax            = 24 * time.Hour
)

const (
	queueMaxDefault = 10_000 // About 2 MB of lines.
	intervalDefault = time.Second
	backoffMax      = 30 * time.Second
	complaintPause  = time.Minute
)

// API is the part of cloudwatchlogs.Client that is used.
type API interface {
	PutLogEvents(context.Context, *cloudwatchlogs.PutLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error)
	CreateLogGroup(context.Context, *cloudwatchlogs.CreateLogGroupInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error)
	CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error)
}

// Options of a Sender. Only Group is required.
type Options struct {
	Group    string
	Stream   string        // Default host name and process id.
	Interval time.Duration // How long a line waits at most for others to travel with. Default a second.
	QueueMax int           // Lines waiting; more are dropped. Default 10,000.
	Errors   io.Writer     // Complaints, at most one a minute. Default standard error.
	backoff  time.Duration
}

type event struct {
	ms   int64
	text string
}

// Sender queues lines and sends them. Its methods may be called from any goroutine.
type Sender struct {
	client  API
	options Options

	mutex         sync.Mutex
	queue         []event
	closed        bool
	sent, dropped int64
	nextComplaint time.Time

	wake    chan struct{} // Holds one token: there is something to do now.
	done    chan struct{}
	stopped context.Context
	stop    context.CancelFunc
}

// New starts a sender. Close ends it.
func New(client API, options Options) *Sender {
	if options.Stream == "" {
		host, _ := os.Hostname()
		options.Stream = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	if options.Interval <= 0 {
		options.Interval = intervalDefault
	}
	if options.QueueMax <= 0 {
		options.QueueMax = queueMaxDefault
	}
	if options.Errors == nil {
		options.Errors = os.Stderr
	}
	if options.backoff <= 0 {
		options.backoff = 500 * time.Millisecond
	}
	s := &Sender{client: client, options: options, wake: make(chan struct{}, 1), done: make(chan struct{})}
	s.stopped, s.stop = context.WithCancel(context.Background())
	go s.run()
	return s
}

// Log queues a line with the time of now.
func (s *Sender) Log(line string) { s.put(event{time.Now().UnixMilli(), line}) }

// Write queues what is written as one line, so that log.SetOutput and slog handlers can use a Sender.
func (s *Sender) Write(data []byte) (int, error) {
	s.Log(strings.TrimRight(string(data), "\n"))
	return len(data), nil
}

func (s *Sender) put(e event) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed || len(s.queue) >= s.options.QueueMax || e.text == "" { // The service takes no empty event.
		s.dropped++
		return
	}
	s.queue = append(s.queue, e)
	if len(s.queue) == 1 || len(s.queue) == EventsMax {
		s.signal()
	}
}

func (s *Sender) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Counts says how many lines were stored and how many were not.
func (s *Sender) Counts() (sent, dropped int64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.sent, s.dropped
}

// Close sends what is queued, until ctx ends; lines then left are dropped and reported as an error.
func (s *Sender) Close(ctx context.Context) error {
	s.mutex.Lock()
	if s.closed {
		s.mutex.Unlock()
		<-s.done
		return nil
	}
	s.closed = true
	s.signal()
	s.mutex.Unlock()
	select {
	case <-s.done:
	case <-ctx.Done():
		s.stop()
		<-s.done
	}
	s.stop()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	left := len(s.queue)
	s.dropped += int64(left)
	s.queue = nil
	if left > 0 {
		return fmt.Errorf("cloudwatch: %d lines were not sent: %w", left, ctx.Err())
	}
	return nil
}

func (s *Sender) run() {
	defer close(s.done)
	for {
		s.mutex.Lock()
		queued, closed := len(s.queue), s.closed
		s.mutex.Unlock()
		if queued == 0 {
			if closed {
				return
			}
			<-s.wake
			continue
		}
		if !closed && queued < EventsMax {
			s.waitForCompany()
		}
		s.mutex.Lock()
		batch := s.take()
		s.mutex.Unlock()
		stored := s.deliver(batch)
		s.mutex.Lock()
		s.sent += int64(stored)
		s.dropped += int64(len(batch) - stored)
		s.mutex.Unlock()
		if s.stopped.Err() != nil {
			return
		}
	}
}

// waitForCompany lets others come to travel along.
func (s *Sender) waitForCompany() {
	timer := time.NewTimer(s.options.Interval)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-s.wake:
			s.mutex.Lock()
			enough := s.closed || len(s.queue) >= EventsMax
			s.mutex.Unlock()
			if enough {
				return
			}
		}
	}
}

func cut(text string) string {
	if len(text) <= EventBytesMax {
		return text
	}
	end := EventBytesMax
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// take removes what fits into one call, oldest first. The mutex is held.
func (s *Sender) take() []types.InputLogEvent {
	var batch []types.InputLogEvent
	var low, high int64
	bytes, count := 0, 0
	for _, e := range s.queue {
		text := strings.ToValidUTF8(cut(e.text), "\uFFFD")
		bytes += len(text) + EventOverheadBytes
		first, last := min(low, e.ms), max(high, e.ms)
		if count == 0 {
			first, last = e.ms, e.ms
		}
		if count == EventsMax || count > 0 && (bytes > BatchBytesMax || last-first >= SpanMax.Milliseconds()) {
			break
		}
		low, high = first, last
		batch = append(batch, types.InputLogEvent{Timestamp: aws.Int64(e.ms), Message: aws.String(text)})
		count++
	}
	s.queue = append(make([]event, 0, len(s.queue)-count), s.queue[count:]...)
	sort.SliceStable(batch, func(a, b int) bool { return *batch[a].Timestamp < *batch[b].Timestamp })
	return batch
}

// deliver tries until the service answered for good or the sender stops. Returns how many lines were stored.
func (s *Sender) deliver(batch []types.InputLogEvent) int {
	for pause := s.options.backoff; ; pause = min(2*pause, backoffMax) {
		answer, err := s.send(batch)
		if err == nil {
			return len(batch) - s.rejected(answer.RejectedLogEventsInfo, len(batch))
		}
		s.complain(fmt.Sprintf("cannot send to %s/%s: %v", s.options.Group, s.options.Stream, err))
		var invalid *types.InvalidParameterException
		if errors.As(err, &invalid) { // Sending the same again cannot succeed.
			return 0
		}
		timer := time.NewTimer(time.Duration(float64(pause) * (0.5 + rand.Float64()/2)))
		select {
		case <-timer.C:
		case <-s.stopped.Done():
			timer.Stop()
			return 0
		}
	}
}

func (s *Sender) rejected(info *types.RejectedLogEventsInfo, total int) int {
	if info == nil {
		return 0
	}
	count := int(max(aws.ToInt32(info.TooOldLogEventEndIndex), aws.ToInt32(info.ExpiredLogEventEndIndex)))
	if info.TooNewLogEventStartIndex != nil {
		count += total - int(*info.TooNewLogEventStartIndex)
	}
	s.complain(fmt.Sprintf("the service refused %d lines", count))
	return count
}

func (s *Sender) send(batch []types.InputLogEvent) (*cloudwatchlogs.PutLogEventsOutput, error) {
	input := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &s.options.Group, LogStreamName: &s.options.Stream, LogEvents: batch}
	answer, err := s.client.PutLogEvents(s.stopped, input)
	var absent *types.ResourceNotFoundException
	if !errors.As(err, &absent) {
		return answer, err
	}
	var exists *types.ResourceAlreadyExistsException
	if _, err := s.client.CreateLogGroup(s.stopped, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &s.options.Group}); err != nil && !errors.As(err, &exists) {
		return nil, err
	}
	stream := &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &s.options.Group, LogStreamName: &s.options.Stream}
	if _, err := s.client.CreateLogStream(s.stopped, stream); err != nil && !errors.As(err, &exists) {
		return nil, err
	}
	return s.client.PutLogEvents(s.stopped, input)
}

func (s *Sender) complain(text string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if now := time.Now(); now.After(s.nextComplaint) {
		s.nextComplaint = now.Add(complaintPause)
		fmt.Fprintf(s.options.Errors, "skywatch profiler: %s; %d dropped so far\n", text, s.dropped)
	}
}
