import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { STAGES, type StageName } from '../lib/stacks/stage-config.ts';
import { runToEnd } from './cloud/child.ts';
import { ROOT, say, untilStopped } from './cloud/command.ts';
import { bill } from './cost/bill.ts';
import { costLines, outcomeLine, runSteps } from './smoke/report.ts';
import { openStage } from './smoke/stage.ts';
import { LACKS, type Lack, STEPS, type Usage } from './smoke/steps.ts';

// `npm run smoke -- --stage dev` tries a deployed stage with the credentials and the region of the environment.
const HELP = `Tries a stage that was deployed, as its callers and operators use it, for about an hour. Uses model_a and model_b.

Usage: npm run smoke -- --stage dev [options]

  --url <url>       the API (default: the output of the stack)
  --key <key>       an API key of an administrator (default: of a user that is added, and deleted at the end)
  --lacks <what>    what the place has not, as an emulator: ${LACKS.join(', ')}. These steps are not shown
`;
const signal = untilStopped();

const { values } = parseArgs({
  options: {
    ...{ stage: { type: 'string' }, url: { type: 'string' }, key: { type: 'string' }, help: { type: 'boolean' } },
    lacks: { type: 'string', multiple: true, default: [] },
  },
});

/** Commands on the users of the stage. */
const users = (...args: string[]) =>
  runToEnd(process.execPath, ['bin/users.ts', ...args, '--stage', String(values.stage)], {
    ...{ cwd: ROOT, environment: process.env, signal },
  });

/** Resolves with whether every step that could be tried has passed. */
async function smoke(name: string, lacks: ReadonlySet<Lack>): Promise<boolean> {
  await using cleanup = new AsyncDisposableStack();
  let { key } = values;
  if (key === undefined) {
    const user = `smoke-${randomUUID()}`;
    await users('add', user, '--role', 'admin');
    cleanup.defer(async () => void (await users('delete', user)));
    key = (await users('key', user)).trim().split('\n').at(-1) ?? '';
  }
  const stage = cleanup.use(await openStage({ name, url: values.url, key }));
  const usage: Usage = { predictions: 0 };
  const run = { stage, usage, since: Date.now() };
  const outcomes = await runSteps(STEPS, run, { lacks, onOutcome: (outcome) => say(outcomeLine(outcome)) });
  const config = name in STAGES ? STAGES[name as StageName] : STAGES.dev;
  const ms = usage.predictions === 0 ? 0 : stage.instanceMs / usage.predictions;
  for (const line of costLines(bill({ ...config, api: config.api.kind, auth: config.auth }, { ...usage, ms })))
    say(line);
  return outcomes.every(({ outcome }) => outcome !== 'failed');
}

const unknown = values.lacks.find((lack) => !LACKS.some((known) => known === lack));
if (values.help) process.stdout.write(HELP);
else if (values.stage === undefined || unknown !== undefined) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else process.exitCode = (await smoke(values.stage, new Set(values.lacks as Lack[]))) ? 0 : 1;
