// SPDX-License-Identifier: Apache-2.0

// Package plugin does what Grafana's CloudWatch data source does with CloudWatch Logs: the same calls with the same
// members through the same SDK, and the same readings of what comes back, nil pointers included. The data source
// itself is in no registry.
package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"skywatch/tests/clients/common"
)

// Ask is one thing that a user does; the members that it needs are set.
type Ask struct {
	Do string `json:"do"`
	// Of queries.
	Query         string     `json:"query"`
	Language      string     `json:"language"`
	Groups        []LogGroup `json:"groups"`
	GroupNames    []string   `json:"groupNames"`
	CrossAccount  bool       `json:"crossAccount"`
	AsksForSinks  bool       `json:"asksForSinks"` // From 12.4 on.
	Source        *Source    `json:"source"`       // From 12.4 on: groups by text alone.
	StatsGroups   []string   `json:"statsGroups"`
	FromMs        int64      `json:"fromMs"`
	ToMs          int64      `json:"toMs"`
	Limit         *int32     `json:"limit"`
	QueryID       string     `json:"queryId"`
	Prefix        string     `json:"prefix"`
	ListAll       bool       `json:"listAll"`
	LinkedTo      []string   `json:"accounts"`
	Group, Stream string
	Backward      bool  `json:"backward"`
	AtMs          int64 `json:"atMs"`
}

// LogGroup is what the picker of log groups keeps of a choice.
type LogGroup struct {
	Arn       string `json:"arn"`
	Name      string `json:"name"`
	AccountID string `json:"accountId,omitempty"`
}

// Source is the editor's choice of log groups by condition.
type Source struct {
	Prefixes []string `json:"prefixes"`
	Classes  []string `json:"classes"`
	Accounts []string `json:"accounts"`
}

// Told is what the user then sees.
type Told struct {
	Error   string             `json:"error,omitempty"`
	Crash   string             `json:"crash,omitempty"` // A panic: the data source dies of it.
	Groups  []LogGroup         `json:"groups,omitempty"`
	Fields  map[string]int32   `json:"fields,omitempty"`
	Names   []string           `json:"names,omitempty"`
	QueryID string             `json:"queryId,omitempty"`
	Success *bool              `json:"success,omitempty"`
	Status  string             `json:"status,omitempty"`
	Stats   map[string]float64 `json:"stats,omitempty"`
	Frames  []*Frame           `json:"frames,omitempty"`
}

type data struct {
	config aws.Config
	logs   *cloudwatchlogs.Client
}

// Main answers the asks of the first argument, a JSON list, with a list of what is told.
func Main() {
	var asks []Ask
	if err := json.Unmarshal([]byte(os.Args[1]), &asks); err != nil {
		panic(err)
	}
	config := common.Config()
	source := data{config: config, logs: cloudwatchlogs.NewFromConfig(config)}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var told []Told
	for _, ask := range asks {
		told = append(told, source.answer(ctx, ask))
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		panic(err)
	}
}

func (d data) answer(ctx context.Context, ask Ask) (told Told) {
	defer func() {
		if crash := recover(); crash != nil {
			told = Told{Crash: fmt.Sprint(crash)}
		}
	}()
	var err error
	switch ask.Do {
	case "health":
		err = d.health(ctx)
	case "regions":
		told.Names, err = d.regions(ctx)
	case "accounts":
		told.Names, err = d.accounts(ctx)
	case "groups":
		told.Groups, err = d.groups(ctx, ask)
	case "fields":
		told.Fields, err = d.fields(ctx, ask)
	case "start":
		told.QueryID, err = d.start(ctx, ask)
	case "poll":
		err = d.poll(ctx, ask, &told)
	case "stop":
		told.Success, err = d.stop(ctx, ask)
	case "query":
		err = d.query(ctx, ask, &told)
	case "alert":
		err = d.alert(ctx, ask, &told)
	case "context":
		told.Frames, err = d.rowContext(ctx, ask)
	default:
		panic("no such thing to do: " + ask.Do)
	}
	if err != nil {
		told.Error = err.Error()
	}
	return told
}

func (d data) groups(ctx context.Context, ask Ask) ([]LogGroup, error) {
	in := &cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(50)}
	if ask.Prefix != "" {
		in.LogGroupNamePrefix = aws.String(ask.Prefix)
	}
	if len(ask.LinkedTo) > 0 {
		in.IncludeLinkedAccounts = aws.Bool(true)
		if ask.LinkedTo[0] != "all" {
			in.AccountIdentifiers = ask.LinkedTo
		}
	}
	found := []LogGroup{}
	for {
		out, err := d.logs.DescribeLogGroups(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, group := range out.LogGroups {
			found = append(found, LogGroup{Arn: *group.Arn, Name: *group.LogGroupName, AccountID: strings.Split(*group.Arn, ":")[4]})
		}
		if !ask.ListAll || out.NextToken == nil {
			return found, nil
		}
		in.NextToken = out.NextToken
	}
}

func (d data) fields(ctx context.Context, ask Ask) (map[string]int32, error) {
	out, err := d.logs.GetLogGroupFields(ctx, &cloudwatchlogs.GetLogGroupFieldsInput{LogGroupName: aws.String(ask.Group)})
	if err != nil {
		return nil, err
	}
	fields := map[string]int32{}
	for _, field := range out.LogGroupFields {
		fields[*field.Name] = field.Percent
	}
	return fields, nil
}

// The data source takes the group's name from behind the last colon of @log, and the row's own time.
func (d data) rowContext(ctx context.Context, ask Ask) ([]*Frame, error) {
	in := &cloudwatchlogs.GetLogEventsInput{
		LogGroupName:  aws.String(ask.Group[strings.LastIndex(ask.Group, ":")+1:]),
		LogStreamName: aws.String(ask.Stream), Limit: aws.Int32(10), StartFromHead: aws.Bool(!ask.Backward)}
	if ask.Backward {
		in.EndTime = aws.Int64(ask.AtMs)
	} else {
		in.StartTime = aws.Int64(ask.AtMs)
	}
	out, err := d.logs.GetLogEvents(ctx, in)
	if err != nil {
		return nil, err
	}
	times, lines := &Field{Name: "ts", Type: kTime}, &Field{Name: "line", Type: kString}
	for i := len(out.Events) - 1; i >= 0; i-- { // Newest first.
		times.Values = append(times.Values, float64(*out.Events[i].Timestamp))
		lines.Values = append(lines.Values, *out.Events[i].Message)
	}
	return []*Frame{{Name: "logEvents", Fields: []*Field{times, lines}}}, nil
}
