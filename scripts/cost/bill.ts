import { HANDLER_MEMORY_MIB } from '../../lib/constructs/handler-profiles.ts';
import type { NetworkKind } from '../../lib/constructs/network.ts';
import { TRACED_SHARE } from '../../lib/constructs/trace-sampling.ts';
import { type CallersConfig, callLog, limits, verification } from './callers.ts';
import { type BillItem, estimated, measured, priced } from './items.ts';
import { PRICES } from './prices.ts';
import { ESTIMATED, MEASURED } from './usage.ts';

/** The properties of a stage that change the price of a prediction. */
export interface CostConfig extends CallersConfig {
  readonly listsTasks: boolean;
  readonly capacity: 'fargate' | 'spot';
  readonly network: NetworkKind;
  readonly tracing: boolean;
  readonly platformLogs: boolean;
}

export interface Workload {
  readonly predictions: number;
  /** Run time of the model. */
  readonly ms: number;
}

const GB = 1e9;

/** The cost of this many predictions by item, without the fixed cost of an idle system. */
export function bill(config: CostConfig, { predictions, ms }: Workload): readonly BillItem[] {
  const millions = predictions / 1e6;
  const { sqsRequests, polls, readUnitsPerPoll } = MEASURED;
  const egressBytes = MEASURED.answerBytes + MEASURED.headBytes;
  const writes = MEASURED.writeUnits + (config.listsTasks ? MEASURED.listWriteUnits : 0);
  const reads = polls * readUnitsPerPoll;
  const logBytes = logBytesOf(config);
  return [
    apiItem(config, millions),
    measured('Lambda requests', millions * PRICES.lambdaMillion, '1 a prediction'),
    lambdaTime(predictions, ms),
    ...verification(config, predictions),
    measured('SQS requests', millions * sqsRequests * PRICES.sqsMillion, `${sqsRequests} a prediction in a backlog`),
    measured('DynamoDB writes', millions * writes * PRICES.dynamoDbWriteMillion, `${writes} units`),
    measured(
      'DynamoDB reads',
      millions * reads * PRICES.dynamoDbReadMillion,
      `${polls} reads of ${readUnitsPerPoll} units`,
    ),
    ...instanceItems(config, predictions, ms),
    {
      ...measured('Logs', (predictions * logBytes * PRICES.logsGbIngested) / GB, `${logBytes} bytes`),
      basis: config.platformLogs ? 'estimate' : 'measured',
    },
    ...limits(config, millions),
    ...callLog(config, predictions),
    measured('Egress', (predictions * egressBytes * PRICES.egressGb) / GB, `${egressBytes} bytes`),
    ...(config.tracing ? [measured('Traces', millions * TRACED_SHARE * PRICES.xrayTraceMillion, '1 in 20')] : []),
  ];
}

/** Additional cost when predictions are so rare that each needs its own receive and delete. */
export const aloneSurcharge = ({ predictions }: Workload): number =>
  (predictions / 1e6) * (MEASURED.sqsRequestsAlone - MEASURED.sqsRequests) * PRICES.sqsMillion;

const API_PRICES = { rest: PRICES.restApiMillion, http: PRICES.httpApiMillion, none: 0 } as const;

function apiItem({ api }: CostConfig, millions: number): BillItem {
  const how = api === 'none' ? 'none: function URL of submit-task' : `1 a prediction, ${api.toUpperCase()} API`;
  return measured('API requests', millions * API_PRICES[api], how);
}

/** Without API Gateway there is no access log. The handler logs nothing for an accepted submit. */
const logBytesOf = ({ api, platformLogs }: CostConfig): number =>
  (api === 'none' ? 0 : MEASURED.accessLogBytes) + (platformLogs ? ESTIMATED.platformLogBytes : 0);

/** The handler uses its share of a CPU, waits for the model, and notices the result a little late. */
function lambdaTime(predictions: number, ms: number): BillItem {
  const working = (ESTIMATED.handlerCpuMs * ESTIMATED.lambdaMibPerCpu) / HANDLER_MEMORY_MIB;
  const each = ms + ESTIMATED.overheadMs + MEASURED.lateMs + working;
  const gb = HANDLER_MEMORY_MIB / 1024;
  const dollars = (predictions / 1000) * each * gb * PRICES.lambdaGbSecond;
  return estimated('Lambda time', dollars, `${Math.round(each)} ms of ${gb} GB`);
}

function instanceItems({ capacity, network }: CostConfig, predictions: number, ms: number): readonly BillItem[] {
  const { modelVcpu, modelGb } = ESTIMATED;
  const hours = (predictions * ms) / 3_600_000;
  const fargate = modelVcpu * PRICES.fargateVcpuHour + modelGb * PRICES.fargateGbHour;
  const share = capacity === 'spot' ? PRICES.spotShare : 1;
  return [
    priced('Fargate', hours * fargate * share, `${ms} ms of ${modelVcpu} vCPU and ${modelGb} GB, ${capacity}`),
    addressItem(network, hours, 'while an instance runs'),
  ];
}

export const addressItem = (network: NetworkKind, hours: number, how: string): BillItem =>
  network === 'public'
    ? priced('Public IPv4', hours * PRICES.publicIpv4Hour, how)
    : priced('Public IPv4', 0, network === 'ipv6' ? 'none: IPv6 only' : 'none: a NAT gateway, $32.85 a month');

/** Metrics on the dashboard of the largest stage: 20 of the stage, 6 of each model. */
export const dashboardMetrics = (models: number): number => 20 + 6 * models;
const FREE_DASHBOARD_METRICS = 50;

/** At most 6 per stage. Per model: dead letters and oldest task. */
const alarmMetrics = (models: number): number => 6 + 2 * models;

export const MONTH_SECONDS = 730 * 3600;
const COLLECTOR_RUNS = MONTH_SECONDS / 60;

/** The monthly cost of a system without requests, in which every model sleeps. */
export function idleBill(models: number): readonly BillItem[] {
  const runs = COLLECTOR_RUNS;
  return [
    priced('Custom metrics', 0, 'none is published while no task waits in vain'),
    priced(
      'Alarms',
      alarmMetrics(models) * PRICES.alarmMetric,
      `${alarmMetrics(models)} metrics; the first 10 are free`,
    ),
    priced(
      'Dashboard',
      PRICES.dashboard,
      `${dashboardMetrics(models)} metrics; the first 3 with up to ${FREE_DASHBOARD_METRICS} each are free`,
    ),
    priced('Signing keys', PRICES.secret, 'one secret'),
    priced('Polls of dead letters', 0, 'none while there are no dead letters'),
    priced(
      'Reads of queue depths',
      ((2 * models * runs) / 1e6) * PRICES.sqsMillion,
      'two queues of each model, once a minute; the first million is free',
    ),
    estimated(
      'Collector',
      runs * (PRICES.lambdaMillion / 1e6 + 0.3 * 0.25 * PRICES.lambdaGbSecond),
      'every minute, 0.3 s',
    ),
    estimated(
      'Logs of the collector',
      (runs * ESTIMATED.platformLogBytes * PRICES.logsGbIngested) / GB,
      '0.8 KB a run',
    ),
  ];
}

/** The monthly cost of a sleeping lifecycle: its databases, its worker and its artifacts cost nothing without work. */
export function idleLifecycleBill(services: number, models: number): readonly BillItem[] {
  const polls = (models * 5 * MONTH_SECONDS) / 20;
  const { dueMs, dueGb, dpuPerTick } = ESTIMATED;
  return [
    priced('Fargate', 0, 'no instance runs'),
    priced('Aurora DSQL', 0, `${services} clusters; billed by what they do, and by what they hold`),
    estimated(
      'Schedule',
      (COLLECTOR_RUNS / 1e6) * PRICES.schedulerMillion,
      'every minute; the first 14 million are free',
    ),
    estimated(
      'What is due',
      COLLECTOR_RUNS * (PRICES.lambdaMillion / 1e6 + (dueMs / 1000) * dueGb * PRICES.lambdaGbSecond),
      `every minute, ${dueMs} ms of ${dueGb} GB`,
    ),
    estimated(
      'Asking the databases',
      ((COLLECTOR_RUNS * services * dpuPerTick) / 1e6) * PRICES.dsqlMillionDpu,
      `${services} a minute; the first 100 thousand DPUs are free`,
    ),
    priced('Alarms', (models + 2) * PRICES.alarmMetric, `${models + 2} metrics`),
    estimated(
      'Polls of dead letters',
      (polls / 1e6) * PRICES.sqsMillion,
      `${Math.round(polls / 1000)} thousand, after the first million`,
    ),
  ];
}

/** The rest of an idle bill after the always-free tier. */
export function afterFreeTier(items: readonly BillItem[], models: number): number {
  const free =
    Math.min(10, alarmMetrics(models)) * PRICES.alarmMetric +
    (dashboardMetrics(models) <= FREE_DASHBOARD_METRICS ? PRICES.dashboard : 0) +
    (items.find(({ name }) => name === 'Reads of queue depths')?.dollars ?? 0);
  return total(items) - free;
}

/** In US dollars. */
export const total = (items: readonly BillItem[]): number => items.reduce((sum, { dollars }) => sum + dollars, 0);
