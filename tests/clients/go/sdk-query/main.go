// SPDX-License-Identifier: Apache-2.0

// Sdkquery runs the last CloudWatch client of the AWS SDK for Go that speaks Query, as older Grafana builds do, and
// prints what it got as one JSON object.
package main

import (
	"context"

	"skywatch/tests/clients/common"
)

func main() {
	out := common.Report{}
	common.Metrics(context.Background(), common.Config(), out)
	out.Print()
}
