import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const EXAMPLE = fileURLToPath(new URL('../../scripts/example.ts', import.meta.url));
const TIMEOUT_MS = 300_000;

let system: EmbeddedSystem;

beforeAll(async () => {
  system = await EmbeddedSystem.start();
});
afterAll(() => system[Symbol.asyncDispose]());

async function runExample(...options: readonly string[]): Promise<{ readonly code: unknown; readonly output: string }> {
  const environment = { ...process.env, MODELYARD_PYTHON: '/nowhere/python3' };
  const child = spawn(process.execPath, [EXAMPLE, system.url, ...options], { env: environment });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

describe('npm run example', () => {
  it(
    'leads from a file to a version that predicts, and from its drift to a retraining that replaces it',
    async () => {
      const { code, output } = await runExample();

      expect(output).toMatch(/ridge: version 1 deployed/);
      expect(output).toMatch(/ridge-strong: version 2 refused.*is not lower than .* of the deployed version/);
      expect(output).toMatch(/Left out gradient boosting/);
      expect(output).toMatch(/file fertility\.csv, line \d+, SHA-256 [0-9a-f]{64}/);
      expect(output).toMatch(/DEU +1\.3\d\d +1/);
      expect(output).toMatch(/Drift in \d+ predictions: .*rate/);
      expect(output).toMatch(/Alert: \S+ .+/);
      expect(output).toMatch(/retrain: version \d+ deployed/);
      expect(output).toMatch(/retrain-strong: version \d+ refused.*is not lower than/);
      expect(output).toMatch(/Reported \d{4} outcomes/);
      expect(code).toBe(0);
      const answer = await system.fetch('/models/fertility/deployments');
      const { rollouts } = (await answer.json()) as { readonly rollouts: readonly { readonly state: string }[] };
      expect(rollouts[0]).toMatchObject({ strategy: 'guard', rule: { on_drift: true } });
      expect(['running', 'promoted']).toContain(rollouts[0]?.state);
    },
    TIMEOUT_MS,
  );

  it(
    'skips what is known the second time',
    async () => {
      const { code, output } = await runExample('--first-half');

      expect(output.match(/(materialize|join|train) skipped/g)).toHaveLength(6);
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );
});
