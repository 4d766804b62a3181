import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { discoverModels } from '#catalog/discover-models.ts';
import { limitsOf } from '#catalog/manifest.ts';
import { LIFECYCLE_SERVICES } from '#core';
import { STAGES, type StageConfig } from '../lib/stacks/stage-config.ts';
import { afterFreeTier, aloneSurcharge, bill, idleBill, idleLifecycleBill, total } from './cost/bill.ts';
import { extrasBill } from './cost/extras.ts';
import type { BillItem } from './cost/items.ts';
import { parseCostOptions } from './cost/options.ts';
import { PRICES } from './cost/prices.ts';
import { quotasOf } from './cost/quotas.ts';
import { spreadBill } from './cost/spread.ts';
import { storageBill } from './cost/storage.ts';

// `npm run cost -- --predictions 1000000 --ms 100` itemizes the cost of predictions on each kind of stage.
const LIFECYCLE = fileURLToPath(new URL('../lifecycle', import.meta.url));
const tables: { readonly title: string; readonly items: readonly BillItem[]; readonly total_dollars: number }[] = [];
const say = (text: string): void => {
  if (!isJson) process.stdout.write(`${text}\n`);
};
// Recovery: the reader, for example `head`, has closed the pipe.
process.stdout.once('error', () => process.exit(0));

const asked = parseCostOptions(process.argv.slice(2));
if ('fault' in asked) {
  process.stderr.write(`${asked.fault}\n`);
  process.exit(2);
}
if ('help' in asked) {
  process.stdout.write(asked.help);
  process.exit(0);
}
const { workload, isJson } = asked;
const WHAT_LEAN_GIVES_UP = `
What prod and lean give up for their price, each with its setting in lib/stacks/stage-config.ts:
  capacity: 'spot'                instances may stop with two minutes' notice, and their tasks return to the queue; while
                                  Spot has no capacity, instances start on demand. 'fargate': $5.05 more for a month awake
  network: 'ipv6'                 instances and their images reach only what has IPv6. 'public': $3.65 more
  no custom metrics               instances and backlogs on the dashboard are those of ECS and SQS
  dead letters                    are given up within two minutes instead of seconds
What lean gives up besides:
  submit by function URL          no throttling or access log before predictions, and callers are verified by the handler;
                                  by its HTTP API, which all other routes use, a million predictions cost $1.15 more
  HTTP API                        no request validation and no firewall by API Gateway
  no index by owner               GET /tasks answers 404
  callDays: 0                     GET /calls and GET /users/me/calls answer 404
  userLimits: 'rates'             tasks that wait and tasks a day are not limited
  no traces, no platform logs     no X-Ray; no start and report lines of Lambda
On every stage, waiting callers use eventually consistent reads, so they may see a result one read later.`;
const HOW_SURE = `
measured    a count on emulators of SQS and DynamoDB and on the handlers, which test/scripts/cost-usage.test.ts checks, at
            the price of AWS; sizes of response headers and access log lines are typical values
AWS price   something that is there for hours or months
estimate    with an estimate in it:
  Lambda time                     the model's time and the measured reads, plus 20 ms for SQS and DynamoDB and 2.5 ms of
                                  CPU, measured by npm run bench:handler on another machine
  Call log                        its line and its rows are measured, ten calls to a delivery are assumed; calls that
                                  are delivered alone cost $1.30 a million more
  Logs                            the access log is measured; Lambda's own lines are as AWS documents them
  Collector                       its run time and its lines are as AWS documents them for Lambda
SQS is for predictions in bursts. Predictions that arrive alone need their own receive and delete: $${aloneSurcharge(workload).toFixed(2)} more.`;

const USER_LIMITS = ['all', 'rates', 'none'] as const;
const BASIS = { measured: 'measured', price: 'AWS price', estimate: 'estimate' } as const;

function table(title: string, items: readonly BillItem[], { hasTotal = true } = {}): void {
  tables.push({ title, items, total_dollars: total(items) });
  say(`\n${title}`);
  for (const { name, dollars, how, basis } of items) {
    say(`  ${name.padEnd(24)}${dollars.toFixed(2).padStart(10)}  ${BASIS[basis].padEnd(10)} ${how}`);
  }
  if (hasTotal) say(`  ${'total'.padEnd(24)}${total(items).toFixed(2).padStart(10)}`);
}

say(`US dollars, us-east-1, list prices of ${PRICES.asOf}; 1 KB in, 1 KB out.`);
for (const stage of ['prod', 'lean'] as const) {
  const config = STAGES[stage];
  const title = `${workload.predictions} predictions of ${workload.ms} ms on the stage ${stage}`;
  const priced = { ...config, api: config.api.submitUrl ? 'none' : config.api.kind } as const;
  table(`${title}, in one burst`, bill(priced, workload));
  const also = (what: string, change: Partial<typeof priced | StageConfig>) =>
    say(
      `  ${what.padEnd(24)}${total(bill({ ...priced, ...change } as typeof priced, workload))
        .toFixed(2)
        .padStart(10)}`,
    );
  also('without authorizer', { auth: { kind: 'none' } });
  also(`with callDays: ${config.callDays > 0 ? 0 : 30}`, { callDays: config.callDays > 0 ? 0 : 30 });
  for (const userLimits of USER_LIMITS.filter((kind) => kind !== config.userLimits))
    also(`with userLimits: '${userLimits}'`, { userLimits });
  table(`The same, evenly over a month, without the cost of an idle month`, spreadBill(priced, workload));
}
say(HOW_SURE);
say(WHAT_LEAN_GIVES_UP);

table('What else a million tasks cost, by the features that their callers use', extrasBill(), { hasTotal: false });

const { models } = await discoverModels([fileURLToPath(new URL('../model-containers/models', import.meta.url))]);
const idle = idleBill(models.length);
table(`A month in which all ${models.length} models sleep`, idle);
say(`  ${'after always-free parts'.padEnd(24)}${afterFreeTier(idle, models.length).toFixed(2).padStart(10)}`);

const lifecycle = (await discoverModels(['worker', 'models'].map((folder) => join(LIFECYCLE, folder)))).models;
table(
  'A sleeping lifecycle besides, where it is deployed (-c lifecycle=true)',
  idleLifecycleBill(LIFECYCLE_SERVICES.length, lifecycle.length),
);

table('What a gigabyte costs where the stage keeps its data (keepsData)', storageBill(), { hasTotal: false });

const instances = models.reduce((sum, { manifest }) => sum + limitsOf(manifest).maxInstances, 0);
say('\nWhat the stage prod may need, beside the default quotas of an account');
for (const { name, needed, quota, note } of quotasOf({
  ratePerSecond: STAGES.prod.api.ratePerSecond,
  heldMs: workload.ms + 30,
  ...{ instances, vcpuEach: 0.25, alarms: 6 + 2 * models.length, models: models.length },
})) {
  say(
    `  ${name.padEnd(24)}${String(needed).padStart(10)} of ${(Number.isFinite(quota) ? String(quota) : 'any').padEnd(8)}${needed > quota ? '!' : ' '} ${note}`,
  );
}
if (isJson) process.stdout.write(`${JSON.stringify({ prices_as_of: PRICES.asOf, ...workload, tables }, null, 2)}\n`);
