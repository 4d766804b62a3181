import { PRICES } from './prices.ts';
import { ESTIMATED, MEASURED } from './usage.ts';

/** In which the price of a prediction differs between stages. */
export interface CostConfig {
  readonly api: 'rest' | 'http';
  readonly capacity: 'fargate' | 'spot';
  readonly tracing: boolean;
  readonly platformLogs: boolean;
}

export interface BillItem {
  readonly name: string;
  readonly dollars: number;
  readonly how: string;
}

export interface Workload {
  readonly predictions: number;
  /** Of the model alone. */
  readonly ms: number;
}

const GB = 1e9;

/** What so many predictions cost, item by item, without what an idle system costs anyway. */
export function bill(
  { api, capacity, tracing, platformLogs }: CostConfig,
  { predictions, ms }: Workload,
): readonly BillItem[] {
  const millions = predictions / 1e6;
  const { overheadMs, lambdaGb, modelVcpu, modelGb, egressBytes, tracedShare } = ESTIMATED;
  const logBytes = ESTIMATED.accessLogBytes + (platformLogs ? ESTIMATED.platformLogBytes : 0);
  const lambdaSeconds = (predictions * (ms + overheadMs)) / 1000;
  const modelHours = (predictions * ms) / 3_600_000;
  const fargate = modelVcpu * PRICES.fargateVcpuHour + modelGb * PRICES.fargateGbHour;
  const share = capacity === 'spot' ? PRICES.spotShare : 1;
  const apiPrice = api === 'rest' ? PRICES.restApiMillion : PRICES.httpApiMillion;
  return [
    item('API requests', millions * apiPrice, `1 a prediction, ${api.toUpperCase()} API`),
    item('Lambda requests', millions * PRICES.lambdaMillion, '1 a prediction'),
    item('Lambda time', lambdaSeconds * lambdaGb * PRICES.lambdaGbSecond, `${ms + overheadMs} ms of ${lambdaGb} GB`),
    item('SQS requests', millions * MEASURED.sqsRequests * PRICES.sqsMillion, `${MEASURED.sqsRequests} a prediction`),
    item(
      'DynamoDB writes',
      millions * MEASURED.writeUnits * PRICES.dynamoDbWriteMillion,
      `${MEASURED.writeUnits} units`,
    ),
    item(
      'DynamoDB reads',
      millions * MEASURED.readUnitsWaiting * PRICES.dynamoDbReadMillion,
      `${MEASURED.readUnitsWaiting} units`,
    ),
    item('Fargate', modelHours * fargate * share, `${ms} ms of ${modelVcpu} vCPU and ${modelGb} GB, ${capacity}`),
    item('Public IPv4', modelHours * PRICES.publicIpv4Hour, 'while an instance runs'),
    item('Logs', (predictions * logBytes * PRICES.logsGbIngested) / GB, `${logBytes} bytes`),
    item('Egress', (predictions * egressBytes * PRICES.egressGb) / GB, `${egressBytes} bytes`),
    ...(tracing ? [item('Traces', millions * tracedShare * PRICES.xrayTraceMillion, '1 in 20')] : []),
  ];
}

/** What a system costs in a month in which nobody asks anything and every model sleeps. */
export function idleBill(models: number): readonly BillItem[] {
  const month = 730 * 3600;
  // Lambda polls each source with five long polls at a time, of 20 seconds each.
  const polls = (models * 5 * month) / 20;
  const runs = month / 60;
  return [
    item('Custom metrics', (3 + 2 * models) * PRICES.customMetric, `${3 + 2 * models}; the first 10 are free`),
    item('Alarms', (4 + 10 * models) * PRICES.alarmMetric, `${4 + 10 * models} metrics; the first 10 are free`),
    item('Dashboard', PRICES.dashboard, 'the first 3 are free'),
    item('Polls of dead letters', (polls / 1e6) * PRICES.sqsMillion, `${Math.round(polls / 1000)} thousand`),
    item('Collector', runs * (PRICES.lambdaMillion / 1e6 + 0.3 * 0.25 * PRICES.lambdaGbSecond), 'every minute, 0.3 s'),
    item('Logs of the collector', (runs * 2500 * PRICES.logsGbIngested) / GB, '2.5 KB a run'),
  ];
}

/** Of an idle bill: what remains after the part that is always free. */
export function afterFreeTier(items: readonly BillItem[], models: number): number {
  const free =
    Math.min(10, 3 + 2 * models) * PRICES.customMetric +
    Math.min(10, 4 + 10 * models) * PRICES.alarmMetric +
    PRICES.dashboard;
  return total(items) - free;
}

/** The sum in dollars. */
export const total = (items: readonly BillItem[]): number => items.reduce((sum, { dollars }) => sum + dollars, 0);

const item = (name: string, dollars: number, how: string): BillItem => ({ name, dollars, how });
