import { type BillItem, estimated, priced } from './items.ts';
import { PRICES } from './prices.ts';
import { ESTIMATED, FEATURES, MEASURED } from './usage.ts';

/** Items in the batches of the bill. */
const BATCH = 1000;
/** `SendMessageBatch` takes ten. */
const PER_SEND = 10;
/** The row of the batch, and the record that all of it is queued if the batch has a key; both with their index. */
const BATCH_WRITES = 4;
/** Time of the submit of a batch on a whole core: a thousand puts and a hundred sends, of which many run at once. */
const BATCH_SECONDS = 1.5;
/** Longest wait of an answer by default. */
const EVENT_SECONDS = 20;
const BATCH_GB = ESTIMATED.lambdaMibPerCpu / 1024;

const dollarsOf = ({ sends, reads, writes }: (typeof FEATURES)[keyof typeof FEATURES]): number =>
  sends * PRICES.sqsMillion + reads * PRICES.dynamoDbReadMillion + writes * PRICES.dynamoDbWriteMillion;

const textOf = ({ reads, writes }: (typeof FEATURES)[keyof typeof FEATURES]): string =>
  `${writes} write and ${reads} read units`;

/** A million requests that read and write for a moment, and wait. */
const requests = (waitMs = 0): number =>
  PRICES.restApiMillion +
  PRICES.lambdaMillion +
  1e6 * ((ESTIMATED.overheadMs + waitMs) / 1000) * ESTIMATED.handlerGb * PRICES.lambdaGbSecond;

/** Steering of single tasks. */
function steering(): readonly BillItem[] {
  const { cancel, retry, webhook } = FEATURES;
  const sending =
    (MEASURED.sqsRequestsAlone - 1) * PRICES.sqsMillion +
    PRICES.lambdaMillion +
    1e6 * (ESTIMATED.webhookMs / 1000) * ESTIMATED.handlerGb * PRICES.lambdaGbSecond;
  return [
    estimated(
      'Cancels',
      requests(ESTIMATED.cancelMs) + dollarsOf(cancel),
      `each: a request of ${ESTIMATED.cancelMs} ms, ${textOf(cancel)}`,
    ),
    estimated(
      'Retries',
      requests() + dollarsOf(retry),
      `each: a request, a send, ${textOf(retry)}, and the new run as that of any task`,
    ),
    estimated(
      'Webhooks',
      dollarsOf(webhook) + sending,
      `each: a message, a Lambda run of ${ESTIMATED.webhookMs} ms, ${textOf(webhook)}; later looks cost as much again`,
    ),
    priced('History and priorities', 0, 'nothing: they are in the rows and messages of the tasks'),
  ];
}

/**
 * What a million tasks cost more if their callers use these features, by feature. Who uses none pays nothing for them:
 * `test/scripts/cost-usage.test.ts` counts the calls of a prediction.
 */
export function extrasBill(): readonly BillItem[] {
  const batches = 1e6 / BATCH;
  const time = batches * BATCH_SECONDS * BATCH_GB * PRICES.lambdaGbSecond;
  const calls =
    (batches * (PRICES.restApiMillion + PRICES.lambdaMillion + BATCH_WRITES * PRICES.dynamoDbWriteMillion)) / 1e6;
  const reads = PRICES.dynamoDbReadMillion;
  return [
    {
      name: 'Submit in batches',
      dollars: time + calls + PRICES.sqsMillion / PER_SEND,
      how: `of ${BATCH}: instead of a request, a Lambda run and a send each; the rows of tasks cost the same`,
      basis: 'estimate',
    },
    {
      name: 'Count batches',
      dollars: reads,
      how: 'each time that GET /batches/{id} is asked: 1 unit a task',
      basis: 'measured',
    },
    {
      name: 'Progress, a second',
      dollars: PRICES.dynamoDbWriteMillion,
      how: 'each second in which a model tells something: 1 write unit, up to 9 with parts of results',
      basis: 'estimate',
    },
    {
      name: 'Events, an answer',
      dollars:
        PRICES.restApiMillion +
        PRICES.lambdaMillion +
        EVENT_SECONDS * (1e6 * 0.25 * PRICES.lambdaGbSecond + PRICES.dynamoDbReadMillion),
      how: `each answer of GET /tasks/{id}/events that waits ${EVENT_SECONDS} s, with a read a second`,
      basis: 'estimate',
    },
    {
      name: 'Results of batches',
      dollars: reads,
      how: 'each time that they are read: 1 unit a task',
      basis: 'measured',
    },
    ...steering(),
  ];
}
