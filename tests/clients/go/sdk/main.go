// SPDX-License-Identifier: Apache-2.0

// Sdk runs the AWS SDK for Go, unmodified, against the endpoint of AWS_ENDPOINT_URL and prints what it got as one
// JSON object: a key a step. CloudWatch's client of this version speaks CBOR.
package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/oam"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"skywatch/tests/clients/common"
)

const (
	group      = "go-sdk"
	streamName = "web"
)

var lines = []string{
	"[profiler] GET user-list 12.50 200", "[profiler] GET user-list 13.50 200", "[profiler] POST order 7.00 500",
}

func logs(ctx context.Context, config aws.Config, out common.Report) {
	client := cloudwatchlogs.NewFromConfig(config)
	common.Must(client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)}))
	common.Must(client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String(streamName)}))
	start := time.Now()
	var events []logstypes.InputLogEvent
	for _, line := range lines {
		events = append(events, logstypes.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(start.UnixMilli())})
	}
	put := common.Must(client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String(group), LogStreamName: aws.String(streamName), LogEvents: events}))
	out["rejected"] = put.RejectedLogEventsInfo != nil

	pages, read := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(group), Limit: aws.Int32(1)}), []string{}
	for pages.HasMorePages() {
		for _, event := range common.Must(pages.NextPage(ctx)).Events {
			read = append(read, *event.Message)
		}
	}
	out["events"] = read

	id := common.Must(client.StartQuery(ctx, &cloudwatchlogs.StartQueryInput{
		LogGroupName: aws.String(group), StartTime: aws.Int64(start.Unix() - 60), EndTime: aws.Int64(start.Unix() + 60),
		QueryString: aws.String(`parse @message "[*] * * * *" as logger, method, view, duration, status | stats avg(duration) as ms by view | sort view`),
	})).QueryId
	rows := []map[string]string{}
	for {
		answer := common.Must(client.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: id}))
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

// The SDK asks "stream-" + host, as it does of the service; here every name leads to the server.
func liveTail(ctx context.Context, config aws.Config, account string, out common.Report) {
	server := common.Must(url.Parse(*config.BaseEndpoint)).Host
	asked := make(chan string, 1)
	config.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		asked <- address
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}}}
	arn := "arn:aws:logs:" + config.Region + ":" + account + ":log-group:" + group
	answer := common.Must(cloudwatchlogs.NewFromConfig(config).StartLiveTail(ctx, &cloudwatchlogs.StartLiveTailInput{
		LogGroupIdentifiers: []string{arn}, LogEventFilterPattern: aws.String("profiler")}))
	stream := answer.GetStream()
	defer stream.Close()
	out["liveHost"] = <-asked == "stream-"+server
	seen := []string{}
	for event := range stream.Events() {
		switch event := event.(type) {
		case *logstypes.StartLiveTailResponseStreamMemberSessionStart:
			out["liveStart"] = event.Value.LogGroupIdentifiers[0] == arn && *event.Value.SessionId != ""
			common.Must(cloudwatchlogs.NewFromConfig(common.Config()).PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
				LogGroupName: aws.String(group), LogStreamName: aws.String(streamName), LogEvents: []logstypes.InputLogEvent{
					{Message: aws.String(lines[0]), Timestamp: aws.Int64(time.Now().UnixMilli())}}}))
		case *logstypes.StartLiveTailResponseStreamMemberSessionUpdate:
			out["liveSampled"] = event.Value.SessionMetadata.Sampled
			for _, result := range event.Value.SessionResults {
				seen = append(seen, *result.LogStreamName+" "+*result.Message)
			}
		}
		if len(seen) > 0 {
			break
		}
	}
	out["live"] = seen
}

func main() {
	ctx := context.Background()
	config := common.Config()
	out := common.Report{}
	logs(ctx, config, out)
	common.Metrics(ctx, config, out)
	identity := common.Must(sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	out["account"] = *identity.Account
	liveTail(ctx, config, *identity.Account, out)
	out["sinks"] = len(common.Must(oam.NewFromConfig(config).ListSinks(ctx, &oam.ListSinksInput{})).Items)
	out["resources"] = len(common.Must(resourcegroupstaggingapi.NewFromConfig(config).GetResources(ctx,
		&resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"ec2:instance"}})).ResourceTagMappingList)
	wrong := config
	wrong.Credentials = common.Credentials(os.Getenv("AWS_ACCESS_KEY_ID"), "not the secret of this key, but as long")
	_, err := cloudwatchlogs.NewFromConfig(wrong).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	out["wrongSecretLogs"] = common.CodeOf(err)
	_, err = cloudwatch.NewFromConfig(wrong).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
	out["wrongSecretMetrics"] = common.CodeOf(err)
	_, err = sts.NewFromConfig(wrong).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	out["wrongSecretSts"] = common.CodeOf(err)
	out.Print()
}
