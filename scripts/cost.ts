import { fileURLToPath } from 'node:url';
import { discoverModels } from '#catalog/discover-models.ts';
import { STAGES } from '../lib/stacks/stage-config.ts';
import { afterFreeTier, aloneSurcharge, type BillItem, bill, idleBill, total } from './cost/bill.ts';
import { parseCostOptions } from './cost/options.ts';
import { PRICES } from './cost/prices.ts';

// `npm run cost -- --predictions 1000000 --ms 100`: what that costs, item by item, on every kind of stage.
const say = (text: string): void => void process.stdout.write(`${text}\n`);
// Recovery: whoever reads has seen enough, as `head` does.
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
const { workload } = asked;
const WHAT_LEAN_GIVES_UP = `
What each saving of lean gives up:
  the URL of the submit handler   throttling, an authorizer and the access log in front of predictions; through its
                                  HTTP API, which everything else needs, a million predictions cost $1.15 more
  an HTTP API beside it           usage plans, API keys and validation at the edge
  no index by owner               GET /tasks, which answers 404 with a problem that says so
  no traces, no platform logs     X-Ray; the lines that Lambda itself writes of every run, memory and duration
  Fargate Spot                    an instance may be taken away with two minutes' notice; its tasks go back to their queue
And on every stage: a caller who waits looks with reads that may be a moment behind, so an answer may come a look later.`;
const HOW_SURE = `
Counts without a mark are measured, on emulators of SQS and DynamoDB and on the handlers, and a test holds them
(test/scripts/cost-usage.test.ts); of the head of an answer and of the access log, the values are usual ones.
With ~ a part is an estimate, because no emulator has it:
  Lambda time                     the model's time and the measured looks, and 20 ms for the real queue and table and
                                  2.5 ms of a processor, measured by npm run bench:handler on another machine
  Logs                            the access log is measured; what Lambda writes of a run is as AWS documents it
  idle months                     how Lambda polls sources, and what the collector takes, are as AWS documents them
SQS is for predictions that come in bursts. Each that comes alone is received and deleted alone: $${aloneSurcharge(workload).toFixed(2)} more.`;

function table(title: string, items: readonly BillItem[]): void {
  say(`\n${title}`);
  for (const { name, dollars, how, basis } of items) {
    say(`  ${name.padEnd(24)}${dollars.toFixed(2).padStart(10)}${basis === 'estimated' ? ' ~' : '  '} ${how}`);
  }
  say(`  ${'total'.padEnd(24)}${total(items).toFixed(2).padStart(10)}`);
}

say(`US dollars, us-east-1, list prices of ${PRICES.asOf}; 1 KB in, 1 KB out.`);
for (const stage of ['prod', 'lean'] as const) {
  const config = STAGES[stage];
  const title = `${workload.predictions} predictions of ${workload.ms} ms on the stage ${stage}`;
  table(title, bill({ ...config, api: config.api.submitUrl ? 'none' : config.api.kind }, workload));
}
say(HOW_SURE);
say(WHAT_LEAN_GIVES_UP);

const { models } = await discoverModels([fileURLToPath(new URL('../model-containers/models', import.meta.url))]);
const idle = idleBill(models.length);
table(`A month in which all ${models.length} models sleep`, idle);
say(`  ${'after always-free parts'.padEnd(24)}${afterFreeTier(idle, models.length).toFixed(2).padStart(10)}`);
