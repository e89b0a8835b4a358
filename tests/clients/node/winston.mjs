// SPDX-License-Identifier: Apache-2.0
// An application that logs with winston through winston-cloudwatch, unmodified, to the endpoint of AWS_ENDPOINT_URL; prints one JSON object.
import winston from "winston";
import WinstonCloudWatch from "winston-cloudwatch";

const errors = [];
const transport = new WinstonCloudWatch({
  logGroupName: "winston/app", logStreamName: "web", retentionInDays: 14, uploadRate: 50,
  awsOptions: { region: "us-east-1" },
  messageFormatter: ({ level, message }) => `[${level}] ${message}`,
  errorHandler: (error) => errors.push(`${error.name}: ${error.message}`),
});
const logger = winston.createLogger({ transports: [transport] });
for (let n = 0; n < 25; ++n) logger.info(`line ${n} \u{1F600}`);
logger.error("the last one");
const flush = () => new Promise((done) => transport.kthxbye((error) => { if (error) errors.push(String(error)); done(); }));
await flush();
logger.warn("behind the first flush");
await flush();
process.stdout.write(JSON.stringify({ errors }) + "\n");
