import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { submit } from '#test/support/api-client.ts';
import { useBrowser } from '#test/support/browser-tests.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { writeModelFolder } from '#test/support/model-folders.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'modelyard-operator-'));

/** Webhooks to this machine are allowed; nobody listens there. */
const RECEIVERS = { MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' };

/** A model of two versions. The first one fails until a task has failed twice. */
const tests = useBrowser(async () => {
  const failing = "globalThis.runs = (globalThis.runs ?? 0) + 1; if (globalThis.runs < 3) throw new Error('Not yet.');";
  writeModelFolder(FOLDER, {
    ...{ folder: 'churn', manifest: { name: 'churn', maxAttempts: 2 }, contract: 'probe', prefix: 'Probe' },
    predict: `${failing} return { attempt: 1 };`,
  });
  writeModelFolder(FOLDER, {
    ...{ folder: 'churn_v2', manifest: { name: 'churn', version: 2 }, contract: 'tally_json', prefix: 'Tally' },
    predict: 'return { total: 2 };',
  });
  return EmbeddedSystem.start({ environment: { MODELYARD_MODELS_PATH: FOLDER, ...RECEIVERS } });
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

describe('an operator at the console, in a browser,', { timeout: 120_000 }, () => {
  it('sees dead letters on the first page, and runs them again', async () => {
    const { id } = await submit(tests.system, 'churn', {});
    await vi.waitFor(
      async () => {
        const letters = await (await tests.system.fetch('/models/churn/dead-letters')).json();
        expect(letters).toMatchObject({ dead_letters: [{ id }] });
      },
      { timeout: 60_000, interval: 200 },
    );
    await using console = await tests.open();
    const { page, faults } = console;
    const card = page.getByRole('article').filter({ has: page.getByRole('link', { name: 'churn', exact: true }) });
    await card.getByText('Dead letters1').waitFor();

    await card.getByRole('link').click();
    await page.getByRole('tab', { name: 'Dead letters' }).click();
    await page.getByRole('button', { name: 'Run them again' }).click();
    await page.getByText('Tasks that run again: 1.').waitFor();

    await page.getByText('No task of this model was given up').waitFor();
    expect(await console.violations()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('says which version the bare name means', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    await console.show('/models/churn');
    await page.getByRole('tab', { name: 'Contract' }).click();
    await page.getByRole('button', { name: 'Make version 2 the default' }).click();
    await page.getByRole('button', { name: 'Make version 1 the default' }).waitFor();

    const model = await (await tests.system.fetch('/models/churn')).json();
    expect(model).toMatchObject({ name: 'churn@2' });
    expect(faults).toEqual([]);
  });

  it('copies the id of a task, and tells its webhook again', async () => {
    const headers = { Prefer: 'wait=20', 'Webhook-Url': 'http://127.0.0.1:9/hook' };
    const { id } = await submit(tests.system, 'churn@2', {}, headers);
    await vi.waitFor(
      async () => {
        const told = await (await tests.system.fetch(`/tasks/${id}/deliveries`)).json();
        expect(told).toMatchObject({ deliveries: [{ event: 'task.succeeded' }] });
      },
      { timeout: 60_000, interval: 200 },
    );
    await using console = await tests.open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const { page, faults } = console;
    await console.show(`/tasks/${id}`);
    await page.getByRole('button', { name: 'Copy the id' }).click();
    await page.getByText('Copied').waitFor();
    const again = page.waitForResponse((answer) => answer.url().endsWith(`/tasks/${id}/redeliver`));
    await page.getByRole('button', { name: 'Redeliver task.succeeded' }).click();

    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(id);
    expect((await again).status()).toBeLessThan(500);
    expect(faults).toEqual([]);
  });
});
