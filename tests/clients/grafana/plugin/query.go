// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"skywatch/tests/clients/common"
)

// The two fields by which the context of a row is found later; the data source hides them.
const (
	logField    = "__log__grafana_internal__"
	streamField = "__logstream__grafana_internal__"
	ownFields   = "fields @timestamp,ltrim(@log) as " + logField + ",ltrim(@logStream) as " + streamField + "|"
)

func quoted(values []string) string {
	return "['" + strings.Join(values, "', '") + "']"
}

func (source *Source) text() string {
	var conditions []string
	for _, one := range []struct {
		name   string
		values []string
	}{{"namePrefix", source.Prefixes}, {"class", source.Classes}, {"accountIdentifier", source.Accounts}} {
		if len(one.values) > 0 {
			conditions = append(conditions, one.name+": "+quoted(one.values))
		}
	}
	return "SOURCE logGroups(" + strings.Join(conditions, ", ") + ") | "
}

func (d data) start(ctx context.Context, ask Ask) (string, error) {
	if ask.FromMs >= ask.ToMs {
		return "", errors.New("invalid time range: start time must be before end time")
	}
	language := types.QueryLanguageCwli
	if ask.Language != "" {
		language = types.QueryLanguage(ask.Language)
	}
	text := ask.Query
	if language == types.QueryLanguageCwli {
		text = ownFields + text
	}
	if ask.Source != nil {
		text = ask.Source.text() + text
	}
	in := &cloudwatchlogs.StartQueryInput{
		StartTime: aws.Int64(ask.FromMs / 1000), EndTime: aws.Int64((ask.ToMs + 999) / 1000),
		QueryString: aws.String(text), QueryLanguage: language, Limit: ask.Limit,
	}
	byArn := ask.CrossAccount
	if ask.AsksForSinks {
		sinks, err := d.accounts(ctx)
		byArn = err == nil && len(sinks) > 0
	}
	switch {
	case ask.Source != nil:
	case byArn && len(ask.Groups) > 0:
		for _, group := range ask.Groups {
			in.LogGroupIdentifiers = append(in.LogGroupIdentifiers, strings.TrimSuffix(group.Arn, "*"))
		}
	default:
		in.LogGroupNames = ask.GroupNames
	}
	out, err := d.logs.StartQuery(ctx, in)
	if err != nil {
		return "", err
	}
	return *out.QueryId, nil
}

func (d data) results(ctx context.Context, queryID string) (*cloudwatchlogs.GetQueryResultsOutput, error) {
	out, err := d.logs.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: aws.String(queryID)})
	if err != nil {
		return nil, fmt.Errorf("CloudWatch error: %s: %w", common.CodeOf(err), err)
	}
	return out, nil
}

func (d data) poll(ctx context.Context, ask Ask, told *Told) error {
	out, err := d.results(ctx, ask.QueryID)
	if err != nil {
		return err
	}
	frame, err := frameOf(out, ask.StatsGroups)
	if err != nil {
		return err
	}
	told.QueryID, told.Status = ask.QueryID, string(out.Status)
	told.Stats = map[string]float64{"bytesScanned": out.Statistics.BytesScanned, "recordsScanned": out.Statistics.RecordsScanned,
		"recordsMatched": out.Statistics.RecordsMatched}
	// One series a group, but only where there is time to draw it over.
	if told.Frames = []*Frame{frame}; frame.timeField() != nil && len(ask.StatsGroups) > 0 {
		told.Frames = frame.split(ask.StatsGroups, false)
	}
	return nil
}

// A panel: starts, and asks again after 100, 400, 700, 1000 ms, 1000 ms...
func (d data) query(ctx context.Context, ask Ask, told *Told) (err error) {
	if ask.QueryID, err = d.start(ctx, ask); err != nil {
		return err
	}
	for pause := 100 * time.Millisecond; ; pause = min(pause+300*time.Millisecond, time.Second) {
		if err := d.poll(ctx, ask, told); err != nil {
			return err
		}
		switch told.Status {
		case "Complete", "Cancelled", "Failed":
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// An alert or an expression: waits in the backend, and turns columns of groups into labels.
func (d data) alert(ctx context.Context, ask Ask, told *Told) error {
	id, err := d.start(ctx, ask)
	if err != nil {
		return err
	}
	for {
		out, err := d.results(ctx, id)
		if err != nil {
			return err
		}
		switch out.Status {
		case types.QueryStatusComplete, types.QueryStatusCancelled, types.QueryStatusFailed, types.QueryStatusTimeout:
			frame, err := frameOf(out, ask.StatsGroups)
			if err != nil {
				return err
			}
			told.Status = string(out.Status)
			if told.Frames = []*Frame{frame}; len(ask.StatsGroups) > 0 && len(frame.Fields) > 0 {
				told.Frames = frame.split(ask.StatsGroups, true)
			}
			return nil
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// A query that has ended by itself is no error for somebody who wants it stopped.
func (d data) stop(ctx context.Context, ask Ask) (*bool, error) {
	out, err := d.logs.StopQuery(ctx, &cloudwatchlogs.StopQueryInput{QueryId: aws.String(ask.QueryID)})
	if common.CodeOf(err) == "InvalidParameterException" {
		return aws.Bool(false), nil
	}
	if err != nil {
		return nil, err
	}
	return aws.Bool(out.Success), nil
}

func sleep(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}
