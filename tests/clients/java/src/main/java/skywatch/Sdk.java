// SPDX-License-Identifier: Apache-2.0
package skywatch;

import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.cloudwatch.model.Metric;
import software.amazon.awssdk.services.cloudwatch.model.MetricDataQuery;
import software.amazon.awssdk.services.cloudwatch.model.MetricDataResult;
import software.amazon.awssdk.services.cloudwatch.model.MetricStat;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.GetQueryResultsResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.InputLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.MalformedQueryException;
import software.amazon.awssdk.services.cloudwatchlogs.model.QueryStatus;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sts.StsClient;

/** Runs the AWS SDK for Java, unmodified, against AWS_ENDPOINT_URL and prints a line "step = what it got" each. */
public final class Sdk {
    private static final String GROUP = "java-sdk", STREAM = "web";
    private static final List<String> LINES = List.of(
            "[profiler] GET user-list 12.50 200", "[profiler] GET user-list 13.50 200", "[profiler] POST ordre-é 7.00 500");
    private static final Map<String, Object> seen = new LinkedHashMap<>();

    private static <B extends AwsClientBuilder<B, C>, C> C client(B builder, String secret) {
        return builder.endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL")))
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(System.getenv("AWS_ACCESS_KEY_ID"), secret)))
                .build();
    }

    private static String codeOf(Runnable call) {
        try {
            call.run();
            return "none";
        } catch (AwsServiceException error) {
            return error.awsErrorDetails().errorCode();
        }
    }

    private static void logs(CloudWatchLogsClient client) throws InterruptedException {
        client.createLogGroup(r -> r.logGroupName(GROUP));
        client.createLogStream(r -> r.logGroupName(GROUP).logStreamName(STREAM));
        final long now = System.currentTimeMillis();
        final List<InputLogEvent> events = new ArrayList<>();
        for (String line : LINES) events.add(InputLogEvent.builder().timestamp(now).message(line).build());
        seen.put("rejected", client.putLogEvents(r -> r.logGroupName(GROUP).logStreamName(STREAM).logEvents(events))
                .rejectedLogEventsInfo() != null);
        final List<String> read = new ArrayList<>();
        client.filterLogEventsPaginator(r -> r.logGroupName(GROUP).limit(1)).events().forEach(event -> read.add(event.message()));
        seen.put("events", read);
        final String id = client.startQuery(r -> r.logGroupName(GROUP).startTime(now / 1000 - 60).endTime(now / 1000 + 60).queryString(
                "parse @message \"[*] * * * *\" as logger, method, view, duration, status | stats avg(duration) as ms by view | sort view"))
                .queryId();
        GetQueryResultsResponse answer = client.getQueryResults(r -> r.queryId(id));
        while (answer.status() == QueryStatus.SCHEDULED || answer.status() == QueryStatus.RUNNING) {
            Thread.sleep(1);
            answer = client.getQueryResults(r -> r.queryId(id));
        }
        final List<String> rows = new ArrayList<>();
        answer.results().forEach(row -> row.forEach(field -> rows.add(field.field() + ":" + field.value())));
        seen.put("rows", rows);
        seen.put("recordsScanned", answer.statistics().recordsScanned());
        try {
            client.describeLogStreams(r -> r.logGroupName("no-such-group"));
        } catch (ResourceNotFoundException error) {
            seen.put("missingGroup", error.statusCode());
        }
        try {
            client.startQuery(r -> r.logGroupName(GROUP).startTime(0L).endTime(1L).queryString("fields @message | nonsense"));
        } catch (MalformedQueryException error) {
            seen.put("malformedAt", error.queryCompileError().location().startCharOffset());
        }
    }

    private static void metrics(CloudWatchClient client) {
        seen.put("metrics", client.listMetrics().metrics().size());
        seen.put("alarms", client.describeAlarms().metricAlarms().size());
        final Instant now = Instant.now();
        final MetricDataQuery query = MetricDataQuery.builder().id("a").metricStat(MetricStat.builder().period(60).stat("Average")
                .metric(Metric.builder().namespace("app").metricName("latency").build()).build()).build();
        final MetricDataResult series = client.getMetricData(r -> r.startTime(now.minusSeconds(3600)).endTime(now).metricDataQueries(query))
                .metricDataResults().get(0);
        seen.put("series", List.of(series.id(), series.label(), series.statusCodeAsString()));
        seen.put("noTime", codeOf(() -> client.getMetricData(r -> r.startTime(now).endTime(now).metricDataQueries(query))));
        seen.put("badToken", codeOf(() -> client.listMetrics(r -> r.nextToken("not ours"))));
    }

    public static void main(String[] arguments) throws InterruptedException {
        final String secret = System.getenv("AWS_SECRET_ACCESS_KEY");
        logs(client(CloudWatchLogsClient.builder(), secret));
        metrics(client(CloudWatchClient.builder(), secret));
        seen.put("account", client(StsClient.builder(), secret).getCallerIdentity().account().length());
        final String wrong = "not the secret of this key, but as long";
        seen.put("wrongSecretLogs", codeOf(() -> client(CloudWatchLogsClient.builder(), wrong).describeLogGroups()));
        seen.put("wrongSecretMetrics", codeOf(() -> client(CloudWatchClient.builder(), wrong).listMetrics()));
        seen.put("wrongSecretSts", codeOf(() -> client(StsClient.builder(), wrong).getCallerIdentity()));
        seen.forEach((step, got) -> System.out.println(step + " = " + got));
    }
}
