// SPDX-License-Identifier: Apache-2.0

// Sdkquery runs the last CloudWatch client of the AWS SDK for Go that speaks Query, as older Grafana builds do, and
// prints what it got as one JSON object.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func main() {
	ctx := context.Background()
	client := cloudwatch.NewFromConfig(aws.Config{
		Region:       "eu-west-3",
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}, nil
		}),
	})
	out := map[string]any{}
	out["metrics"] = len(must(client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{
		Namespace: aws.String("AWS/Billing"), MetricName: aws.String("EstimatedCharges")})).Metrics)
	out["alarms"] = len(must(client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{ActionPrefix: aws.String("")})).MetricAlarms)
	now := time.Now()
	query := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now), MetricDataQueries: []types.MetricDataQuery{{
		Id: aws.String("a"), MetricStat: &types.MetricStat{Metric: &types.Metric{
			Namespace: aws.String("app"), MetricName: aws.String("latency"), Dimensions: []types.Dimension{
				{Name: aws.String("b"), Value: aws.String("2 & <3>")}, {Name: aws.String("a"), Value: aws.String("é")}}},
			Period: aws.Int32(60), Stat: aws.String("Average")}}}}
	data := must(client.GetMetricData(ctx, query))
	out["series"] = []string{*data.MetricDataResults[0].Id, *data.MetricDataResults[0].Label, string(data.MetricDataResults[0].StatusCode)}
	query.EndTime = query.StartTime
	_, err := client.GetMetricData(ctx, query)
	out["noTime"] = codeOf(err)
	_, err = client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{NextToken: aws.String("not ours")})
	var invalid *types.InvalidParameterValueException
	out["badToken"] = errors.As(err, &invalid)
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}
