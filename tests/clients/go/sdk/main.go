// SPDX-License-Identifier: Apache-2.0

// Sdk runs the AWS SDK for Go, unmodified, against the endpoint of AWS_ENDPOINT_URL and prints what it got as one
// JSON object: a key a step. CloudWatch's client of this version speaks CBOR.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/oam"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const (
	group  = "go-sdk"
	stream = "web"
)

var lines = []string{
	"[profiler] GET user-list 12.50 200", "[profiler] GET user-list 13.50 200", "[profiler] POST order 7.00 500",
}

type report map[string]any

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// The code by which callers tell errors apart.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func logs(ctx context.Context, config aws.Config, out report) {
	client := cloudwatchlogs.NewFromConfig(config)
	must(client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)}))
	must(client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)}))
	start := time.Now()
	var events []logstypes.InputLogEvent
	for _, line := range lines {
		events = append(events, logstypes.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(start.UnixMilli())})
	}
	put := must(client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String(group), LogStreamName: aws.String(stream), LogEvents: events}))
	out["rejected"] = put.RejectedLogEventsInfo != nil

	pages, read := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(group), Limit: aws.Int32(1)}), []string{}
	for pages.HasMorePages() {
		for _, event := range must(pages.NextPage(ctx)).Events {
			read = append(read, *event.Message)
		}
	}
	out["events"] = read

	id := must(client.StartQuery(ctx, &cloudwatchlogs.StartQueryInput{
		LogGroupName: aws.String(group), StartTime: aws.Int64(start.Unix() - 60), EndTime: aws.Int64(start.Unix() + 60),
		QueryString: aws.String(`parse @message "[*] * * * *" as logger, method, view, duration, status | stats avg(duration) as ms by view | sort view`),
	})).QueryId
	rows := []map[string]string{}
	for {
		answer := must(client.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: id}))
		if answer.Status == logstypes.QueryStatusScheduled || answer.Status == logstypes.QueryStatusRunning {
			continue
		}
		for _, fields := range answer.Results {
			row := map[string]string{}
			for _, field := range fields {
				row[*field.Field] = *field.Value
			}
			rows = append(rows, row)
		}
		out["queryStatus"], out["recordsScanned"] = answer.Status, answer.Statistics.RecordsScanned
		break
	}
	out["rows"] = rows

	_, err := client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("no-such-group")})
	var missing *logstypes.ResourceNotFoundException
	out["missingGroup"] = errors.As(err, &missing)
	_, err = client.StartQuery(ctx, &cloudwatchlogs.StartQueryInput{
		LogGroupName: aws.String(group), StartTime: aws.Int64(0), EndTime: aws.Int64(1), QueryString: aws.String("fields @message | nonsense")})
	var malformed *logstypes.MalformedQueryException
	out["malformed"] = errors.As(err, &malformed) && malformed.QueryCompileError != nil
	if malformed != nil && malformed.QueryCompileError != nil && malformed.QueryCompileError.Location != nil {
		out["malformedAt"] = malformed.QueryCompileError.Location.StartCharOffset
	}
}

func metrics(ctx context.Context, config aws.Config, out report) {
	client := cloudwatch.NewFromConfig(config)
	out["metrics"] = len(must(client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{
		Namespace: aws.String("AWS/Billing"), MetricName: aws.String("EstimatedCharges")})).Metrics)
	out["alarms"] = len(must(client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{ActionPrefix: aws.String("")})).MetricAlarms)
	now := time.Now()
	query := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now), MetricDataQueries: []cloudwatchtypes.MetricDataQuery{{
		Id: aws.String("a"), MetricStat: &cloudwatchtypes.MetricStat{
			Metric: &cloudwatchtypes.Metric{Namespace: aws.String("app"), MetricName: aws.String("latency")}, Period: aws.Int32(60), Stat: aws.String("Average")}}}}
	data := must(client.GetMetricData(ctx, query))
	out["series"] = []string{*data.MetricDataResults[0].Id, *data.MetricDataResults[0].Label, string(data.MetricDataResults[0].StatusCode)}
	query.EndTime = query.StartTime
	_, err := client.GetMetricData(ctx, query)
	out["noTime"] = codeOf(err)
	_, err = client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{NextToken: aws.String("not ours")})
	var invalid *cloudwatchtypes.InvalidParameterValueException
	out["badToken"] = errors.As(err, &invalid)
}

func main() {
	ctx := context.Background()
	config := aws.Config{
		Region:       "eu-west-3",
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials:  credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	}
	out := report{}
	logs(ctx, config, out)
	metrics(ctx, config, out)
	identity := must(sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	out["account"] = *identity.Account
	out["sinks"] = len(must(oam.NewFromConfig(config).ListSinks(ctx, &oam.ListSinksInput{})).Items)
	out["resources"] = len(must(resourcegroupstaggingapi.NewFromConfig(config).GetResources(ctx,
		&resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"ec2:instance"}})).ResourceTagMappingList)
	wrong := config
	wrong.Credentials = credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), "not the secret of this key, but as long", "")
	_, err := cloudwatchlogs.NewFromConfig(wrong).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	out["wrongSecretLogs"] = codeOf(err)
	_, err = cloudwatch.NewFromConfig(wrong).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
	out["wrongSecretMetrics"] = codeOf(err)
	_, err = sts.NewFromConfig(wrong).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	out["wrongSecretSts"] = codeOf(err)
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}
