// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Kinds of columns.
const (
	kTime   = "time" // Unix milliseconds.
	kNumber = "number"
	kString = "string"
)

const timeText = "2006-01-02 15:04:05.000"

// Field is a column; a value is nil where the row has none.
type Field struct {
	Name   string            `json:"name"`
	Type   string            `json:"type"`
	Labels map[string]string `json:"labels,omitempty"`
	Values []any             `json:"values"`
}

// Frame is a table as panels get it.
type Frame struct {
	Name   string   `json:"name"`
	Fields []*Field `json:"fields"`
}

func (frame *Frame) timeField() *Field {
	for _, field := range frame.Fields {
		if field.Type == kTime {
			return field
		}
	}
	return nil
}

// Rows that hold nothing, or a time alone, are not shown.
func shown(rows [][]types.ResultField) [][]types.ResultField {
	var kept [][]types.ResultField
	for _, row := range rows {
		if len(row) == 0 || len(row) == 1 && row[0].Value == nil {
			continue
		}
		if len(row) == 1 {
			if _, err := time.Parse(timeText, *row[0].Value); err == nil {
				continue
			}
		}
		kept = append(kept, row)
	}
	return kept
}

// The first value of a column decides what it is; a number that meets a text becomes text.
func kindOf(name, value string, groups []string) string {
	if _, err := time.Parse(timeText, value); err == nil || name == "@timestamp" || name == "@ingestionTime" {
		return kTime
	}
	if slices.Contains(groups, name) {
		return kString
	}
	if _, err := strconv.ParseFloat(value, 64); err == nil {
		return kNumber
	}
	return kString
}

func millis(value string) (float64, error) {
	parsed, err := time.Parse(timeText, value)
	if err == nil {
		return float64(parsed.UnixMilli()), nil
	}
	digits, failure := strconv.ParseInt(value, 10, 64)
	if failure != nil {
		return 0, err
	}
	return float64(digits), nil
}

func frameOf(out *cloudwatchlogs.GetQueryResultsOutput, groups []string) (*Frame, error) {
	rows := shown(out.Results)
	frame := &Frame{Name: "CloudWatchLogsResponse", Fields: []*Field{}}
	texts := map[string][]any{}
	fields := map[string]*Field{}
	for i, row := range rows {
		for _, cell := range row {
			name := *cell.Field
			if name == "@ptr" {
				continue
			}
			field := fields[name]
			if field == nil {
				field = &Field{Name: name, Type: kindOf(name, *cell.Value, groups), Values: make([]any, len(rows))}
				fields[name], texts[name] = field, make([]any, len(rows))
				frame.Fields = append(frame.Fields, field)
			}
			if cell.Value != nil {
				texts[name][i] = *cell.Value
			}
			switch field.Type {
			case kTime:
				at, err := millis(*cell.Value)
				if err != nil {
					return nil, err
				}
				field.Values[i] = at
			case kNumber:
				number, err := strconv.ParseFloat(*cell.Value, 64)
				if err != nil {
					field.Type, field.Values = kString, texts[name]
					continue
				}
				field.Values[i] = number
			default:
				field.Values[i] = texts[name][i]
			}
		}
	}
	frame.sortByTime(len(rows))
	return frame, nil
}

func (frame *Frame) sortByTime(rows int) {
	times := frame.timeField()
	if times == nil {
		return
	}
	order := make([]int, rows)
	for i := range order {
		order[i] = i
	}
	at := func(row int) float64 {
		value, _ := times.Values[row].(float64)
		return value
	}
	sort.SliceStable(order, func(i, j int) bool { return at(order[i]) < at(order[j]) })
	for _, field := range frame.Fields {
		moved := make([]any, rows)
		for i, row := range order {
			moved[i] = field.Values[row]
		}
		field.Values = moved
	}
}

// One frame for each combination of the groups' values; `asLabels` as alerts need them: the columns of groups leave,
// and their values are labels of what is left.
func (frame *Frame) split(groups []string, asLabels bool) []*Frame {
	var by []*Field
	for _, field := range frame.Fields {
		if slices.Contains(groups, field.Name) {
			by = append(by, field)
		}
	}
	found := map[string]*Frame{}
	var frames []*Frame
	for row := range frame.Fields[0].Values {
		key, labels := "", map[string]string{}
		for _, field := range by {
			if text, ok := field.Values[row].(string); ok {
				key += text
				labels[field.Name] = text
			}
		}
		one := found[key]
		if one == nil {
			one = &Frame{Name: key}
			for _, field := range frame.Fields {
				if asLabels && field.Type != kTime && slices.Contains(groups, field.Name) {
					continue
				}
				copied := &Field{Name: field.Name, Type: field.Type, Values: []any{}}
				if asLabels && field.Type != kTime {
					copied.Labels = labels
				}
				one.Fields = append(one.Fields, copied)
			}
			found[key] = one
			frames = append(frames, one)
		}
		at := 0
		for _, field := range frame.Fields {
			if asLabels && field.Type != kTime && slices.Contains(groups, field.Name) {
				continue
			}
			one.Fields[at].Values = append(one.Fields[at].Values, field.Values[row])
			at++
		}
	}
	return frames
}
