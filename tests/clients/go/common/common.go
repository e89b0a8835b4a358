// SPDX-License-Identifier: Apache-2.0

// Package common holds what the clients written in Go share. It asks for the last CloudWatch client that speaks Query;
// a program that requires a newer one, which speaks CBOR, gets its metrics calls through that.
package common

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

// Report is what a program prints: a key a step.
type Report map[string]any

// Print writes the report as one JSON object.
func (report Report) Print() {
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		panic(err)
	}
}

// Must ends the program on an error that no test expects.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// CodeOf is the code by which callers tell errors apart; "" when the service did not answer one.
func CodeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Credentials are fixed ones.
func Credentials(id, secret string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})
}

// Config is the server of AWS_ENDPOINT_URL with the keys of the environment.
func Config() aws.Config {
	region := os.Getenv("AWS_REGION")
	if region == "" {
		region = "eu-west-3"
	}
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials:  Credentials(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")),
	}
}

// Metrics calls CloudWatch in whatever protocol the program's version of the client speaks.
func Metrics(ctx context.Context, config aws.Config, out Report) {
	client := cloudwatch.NewFromConfig(config)
	out["metrics"] = len(Must(client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{
		Namespace: aws.String("AWS/Billing"), MetricName: aws.String("EstimatedCharges")})).Metrics)
	out["alarms"] = len(Must(client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{ActionPrefix: aws.String("")})).MetricAlarms)
	now := time.Now()
	query := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now), MetricDataQueries: []types.MetricDataQuery{{
		Id: aws.String("a"), MetricStat: &types.MetricStat{Metric: &types.Metric{
			Namespace: aws.String("app"), MetricName: aws.String("latency"), Dimensions: []types.Dimension{
				{Name: aws.String("b"), Value: aws.String("2 & <3>")}, {Name: aws.String("a"), Value: aws.String("é")}}},
			Period: aws.Int32(60), Stat: aws.String("Average")}}}}
	data := Must(client.GetMetricData(ctx, query))
	out["series"] = []string{*data.MetricDataResults[0].Id, *data.MetricDataResults[0].Label, string(data.MetricDataResults[0].StatusCode)}
	query.EndTime = query.StartTime
	_, err := client.GetMetricData(ctx, query)
	out["noTime"] = CodeOf(err)
	_, err = client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{NextToken: aws.String("not ours")})
	var invalid *types.InvalidParameterValueException
	out["badToken"] = errors.As(err, &invalid)
}
