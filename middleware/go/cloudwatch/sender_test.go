// SPDX-License-Identifier: Apache-2.0

package cloudwatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// service answers the three calls as the real one does.
type service struct {
	t       *testing.T
	mutex   sync.Mutex
	group   bool
	stream  bool
	batches [][]string
	fail    []error
	info    *types.RejectedLogEventsInfo
	gate    chan struct{} // When not nil, a call waits for it.
	entered chan struct{}
}

func (s *service) PutLogEvents(_ context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	if s.gate != nil {
		select {
		case s.entered <- struct{}{}:
		default:
		}
		<-s.gate
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.fail) > 0 {
		err := s.fail[0]
		s.fail = s.fail[1:]
		return nil, err
	}
	if !s.stream {
		return nil, &types.ResourceNotFoundException{}
	}
	var texts []string
	size, before := 0, int64(0)
	for _, e := range in.LogEvents {
		size += len(*e.Message) + EventOverheadBytes
		if *e.Timestamp < before {
			s.t.Error("the batch is not in the order of time")
		}
		before = *e.Timestamp
		texts = append(texts, *e.Message)
	}
	if len(texts) == 0 || len(texts) > EventsMax || size > BatchBytesMax || before-*in.LogEvents[0].Timestamp >= SpanMax.Milliseconds() {
		s.t.Errorf("a batch of %d events and %d bytes breaks the limits", len(texts), size)
	}
	s.batches = append(s.batches, texts)
	return &cloudwatchlogs.PutLogEventsOutput{RejectedLogEventsInfo: s.info}, nil
}

func (s *service) CreateLogGroup(context.Context, *cloudwatchlogs.CreateLogGroupInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.group {
		return nil, &types.ResourceAlreadyExistsException{}
	}
	s.group = true
	return nil, nil
}

func (s *service) CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.stream = true
	return nil, nil
}

func (s *service) texts() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Concat(s.batches...)
}

func start(t *testing.T, s *service, options Options) *Sender {
	s.t = t
	options.Group, options.Stream, options.backoff = "g", "s", time.Microsecond
	if options.Interval == 0 {
		options.Interval = time.Millisecond
	}
	if options.Errors == nil {
		options.Errors = &bytes.Buffer{}
	}
	return New(s, options)
}

func closed(t *testing.T, s *Sender) (sent, dropped int64) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	return s.Counts()
}

func TestLinesArriveInOrderAndTheGroupIsMade(t *testing.T) {
	for _, exists := range []bool{false, true} {
		fake := &service{group: exists}
		sender := start(t, fake, Options{})
		var want []string
		for i := range 100 {
			want = append(want, fmt.Sprint("line ", i))
			sender.Log(want[i])
		}
		if sent, dropped := closed(t, sender); sent != 100 || dropped != 0 || !slices.Equal(fake.texts(), want) {
			t.Errorf("sent %d, dropped %d, stored %v", sent, dropped, fake.texts())
		}
	}
}

func TestAFullQueueDropsAndNeverWaits(t *testing.T) {
	fake := &service{gate: make(chan struct{}), entered: make(chan struct{}, 1)}
	sender := start(t, fake, Options{QueueMax: 10})
	sender.Log("first")
	<-fake.entered // From here on nothing leaves the queue.
	for i := range 25 {
		sender.Log(fmt.Sprint(i))
	}
	if _, dropped := sender.Counts(); dropped != 15 {
		t.Errorf("dropped %d", dropped)
	}
	close(fake.gate)
	if sent, dropped := closed(t, sender); sent != 11 || dropped != 15 {
		t.Errorf("sent %d, dropped %d", sent, dropped)
	}
	sender.Log("late")
	if _, dropped := sender.Counts(); dropped != 16 {
		t.Errorf("a line after the end was not counted")
	}
}

func TestFailures(t *testing.T) {
	down := errors.New("down")
	cases := []struct {
		name          string
		fail          []error
		info          *types.RejectedLogEventsInfo
		sent, dropped int64
	}{
		{"tried again", []error{down, down, down}, nil, 5, 0},
		{"hopeless", []error{&types.InvalidParameterException{}}, nil, 0, 5},
		{"too old", nil, &types.RejectedLogEventsInfo{TooOldLogEventEndIndex: aws.Int32(2)}, 3, 2},
		{"expired and too new", nil, &types.RejectedLogEventsInfo{ExpiredLogEventEndIndex: aws.Int32(1), TooNewLogEventStartIndex: aws.Int32(4)}, 3, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			complaints := &bytes.Buffer{}
			sender := start(t, &service{fail: c.fail, info: c.info}, Options{Errors: complaints, Interval: time.Minute})
			for i := range 5 {
				sender.put(event{int64(1_000_000_000_000 + i), "x"})
			}
			if sent, dropped := closed(t, sender); sent != c.sent || dropped != c.dropped {
				t.Errorf("sent %d, dropped %d", sent, dropped)
			}
			if strings.Count(complaints.String(), "\n") != 1 {
				t.Errorf("complaints: %q", complaints)
			}
		})
	}
}

func TestBatchesKeepTheLimits(t *testing.T) {
	fake := &service{gate: make(chan struct{}), entered: make(chan struct{}, 1)}
	sender := start(t, fake, Options{QueueMax: 100_000})
	sender.Log("first")
	<-fake.entered
	for range 12 {
		sender.Log(strings.Repeat("x", 200_000))
	}
	for range 12_000 {
		sender.Log("y")
	}
	sender.Log("a" + strings.Repeat("é", 200_000))
	sender.Log("\xff")
	sender.put(event{1_000_000_000_000, "old"})
	close(fake.gate)
	if sent, dropped := closed(t, sender); sent != 12_016 || dropped != 0 {
		t.Errorf("sent %d, dropped %d", sent, dropped)
	}
	longest := slices.MaxFunc(fake.texts(), func(a, b string) int { return len(a) - len(b) })
	if len(longest) > EventBytesMax || len(longest) < EventBytesMax-1 || !strings.HasSuffix(longest, "é") {
		t.Errorf("a long line was cut to %d bytes", len(longest))
	}
}

func TestClosingGivesUpOnADeadService(t *testing.T) {
	fails := make([]error, 1_000_000)
	for i := range fails {
		fails[i] = errors.New("down")
	}
	sender := start(t, &service{fail: fails}, Options{})
	sender.Log("x")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = sender.Close(ctx)
	if sent, dropped := sender.Counts(); sent != 0 || dropped != 1 {
		t.Errorf("sent %d, dropped %d", sent, dropped)
	}
}

func TestAWriterForOrdinaryLoggers(t *testing.T) {
	fake := &service{}
	sender := start(t, fake, Options{})
	fmt.Fprintln(sender, "a line")
	closed(t, sender)
	if !slices.Equal(fake.texts(), []string{"a line"}) {
		t.Error(fake.texts())
	}
}
