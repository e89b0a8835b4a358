// SPDX-License-Identifier: Apache-2.0

// The data source with a CloudWatch client that speaks CBOR, as builds of Grafana from 12.4 on do.
package main

import (
	_ "github.com/aws/aws-sdk-go-v2/service/cloudwatch" // Its version is what this program is about.

	"skywatch/tests/clients/grafana/plugin"
)

func main() { plugin.Main() }
