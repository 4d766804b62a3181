import { addressItem, bill, type CostConfig, MONTH_SECONDS, type Workload } from './bill.ts';
import { type BillItem, estimated, measured, priced } from './items.ts';
import { PRICES } from './prices.ts';
import { ESTIMATED, MEASURED } from './usage.ts';

/** Billed by the time for which an instance is awake, and by how predictions arrive. */
const REPLACED = new Set(['Fargate', 'Public IPv4', 'SQS requests']);
const HEARTBEAT_SECONDS = 10;
const LOOK_SECONDS = 60;
/** A receive that waits for 20 s and finds nothing. */
const POLL_SECONDS = 20;
/** A look of the collector: two queries and two consistent reads, and one write. */
const LOOK_READ_UNITS = 3;

/**
 * The cost of predictions that come evenly over a month. One instance is awake all the time, and every prediction arrives
 * alone. The cost of an idle month comes on top.
 */
export function spreadBill(config: CostConfig, workload: Workload): readonly BillItem[] {
  const { predictions, ms } = workload;
  const hours = Math.max(MONTH_SECONDS / 3600, (predictions * ms) / 3_600_000);
  const { modelVcpu, modelGb, modelLogBytes } = ESTIMATED;
  const share = config.capacity === 'spot' ? PRICES.spotShare : 1;
  const fargate = modelVcpu * PRICES.fargateVcpuHour + modelGb * PRICES.fargateGbHour;
  const requests = predictions * MEASURED.sqsRequestsAlone + Math.max(0, MONTH_SECONDS / POLL_SECONDS - predictions);
  const looks = MONTH_SECONDS / LOOK_SECONDS;
  const beats = MONTH_SECONDS / HEARTBEAT_SECONDS;
  const writes = beats + looks;
  const coordination = writes * PRICES.dynamoDbWriteMillion + looks * LOOK_READ_UNITS * PRICES.dynamoDbReadMillion;
  return [
    ...bill(config, workload).filter(({ name }) => !REPLACED.has(name)),
    measured(
      'SQS requests',
      (requests / 1e6) * PRICES.sqsMillion,
      `${MEASURED.sqsRequestsAlone} a prediction that is alone`,
    ),
    priced('Fargate', hours * fargate * share, `${Math.round(hours)} hours awake, ${config.capacity}`),
    addressItem(config.network, hours, `${Math.round(hours)} hours awake`),
    priced('Heartbeats and looks', coordination / 1e6, `a write every ${HEARTBEAT_SECONDS} s, and one a minute`),
    priced('Metrics of the model', 0, 'those that AWS publishes, which are free'),
    estimated(
      'Logs of the model',
      (predictions * modelLogBytes * PRICES.logsGbIngested) / 1e9,
      `${modelLogBytes} bytes a run`,
    ),
  ];
}
