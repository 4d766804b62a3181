import { describe, expect, it } from 'vitest';
import { submit } from '#test/support/api-client.ts';
import { useBrowser } from '#test/support/browser-tests.ts';
import { OTHER_HOST } from '#test/support/chromium.ts';
import { keepPicture } from '#test/support/console-page.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const tests = useBrowser(() => EmbeddedSystem.start({ environment: { MODELYARD_HOSTS: OTHER_HOST } }));

describe('the console at /, in a browser,', { timeout: 120_000 }, () => {
  it('leads a new user from the first page to a prediction by clicks and typing', async () => {
    await using console = await tests.open();
    const { page, faults } = console;

    await page.getByRole('link', { name: 'gdp_growth_rate' }).click();
    await page.getByLabel('gdp_per_capita').fill('50000');
    await page.getByRole('button', { name: 'Predict' }).click();
    const answer = page.getByRole('region', { name: 'Answer' });
    await answer.getByText('succeeded', { exact: true }).waitFor();

    expect(await answer.locator('pre').textContent()).toContain('"growth_percent"');
    expect(await answer.getByRole('listitem').allTextContents()).toEqual([
      expect.stringMatching(/^Accepted/),
      expect.stringMatching(/^Queued.* m?s/),
      expect.stringMatching(/^Run.* m?s/),
      expect.stringMatching(/^Result written.* in all/),
    ]);
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'model');
    expect(faults).toEqual([]);
  });

  it('shows what the API refused beside its field', async () => {
    await using console = await tests.open();
    const { page } = console;
    await console.show('/models/model_b');

    await page.getByRole('tab', { name: 'JSON' }).click();
    await page.getByLabel('Request as JSON').fill('{"value": 3000000000}');
    await page.getByRole('button', { name: 'Predict' }).click();

    const alert = page.getByRole('region', { name: 'Answer' }).getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/\/value.*Must be between/);
    await page.getByRole('tab', { name: 'Form' }).click();
    expect(await page.locator('.rjsf').textContent()).toMatch(/Must be between/);
    expect(await console.violations()).toEqual([]);
  });

  it('sends no request whose JSON is incomplete, and keeps a request while another tab is shown', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    await console.show('/models/model_b');
    const predict = page.getByRole('button', { name: 'Predict' });

    await page.getByRole('tab', { name: 'JSON' }).click();
    await page.getByLabel('Request as JSON').fill('{"value": 7');
    expect(await predict.isDisabled()).toBe(true);
    await page.getByLabel('Request as JSON').fill('{"value": 7, "delay_seconds": 0.1}');
    await page.getByRole('tab', { name: 'Contract' }).click();
    await page.getByRole('tab', { name: '.proto' }).waitFor();
    await page.getByRole('tab', { name: 'Try it' }).click();
    await predict.click();

    await page.getByRole('region', { name: 'Answer' }).getByText('succeeded', { exact: true }).waitFor();
    expect(await page.getByLabel('Request as JSON').inputValue()).toBe('{"value": 7, "delay_seconds": 0.1}');
    expect(faults).toEqual([]);
  });

  it('copies code also on plain HTTP from another host, where browsers offer no clipboard', async () => {
    await using console = await tests.open({ url: tests.system.url.replace('localhost', OTHER_HOST) });
    const { page, faults } = console;
    await page.getByRole('link', { name: 'model_a' }).click();
    const code = await page.locator('pre', { hasText: 'curl' }).textContent();
    expect(await page.evaluate('navigator.clipboard')).toBeUndefined();

    await page.getByRole('figure').filter({ hasText: 'curl' }).getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied').waitFor();
    await page.getByRole('tab', { name: 'JSON' }).click();
    await page.getByLabel('Request as JSON').fill('');
    await page.getByLabel('Request as JSON').press('Control+V');

    expect(await page.getByLabel('Request as JSON').inputValue()).toBe(code);
    expect(faults).toEqual([]);
  });

  it('tells a user, who sees no instances, that a model wakes', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    const model = { name: 'sleepy', state: 'asleep', live_instances: 0, backlog: 3, failure: null };
    await page.route(/\/events\?/, (route) => route.fulfill({ status: 204 }));
    await page.route(/\/users\/me$/, (route) => route.fulfill({ json: { username: 'ann', role: 'user' } }));
    await page.route(/\/models\?/, (route) => route.fulfill({ json: { models: [model] } }));
    await page.reload();

    await page.getByRole('article').getByText('waking', { exact: true }).waitFor();
    await page.getByText('Tasks that wait for an instance: 3').waitFor();
    expect(await page.getByText('Dead letters').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('shows what failed in a page, and the rest of the console', async () => {
    await using console = await tests.open();
    const { page } = console;
    await page.route(/\/models\/model_a$/, (route) => route.fulfill({ json: { name: 'model_a' } }));
    await page.getByRole('link', { name: 'model_a' }).click();
    await page.getByRole('heading', { name: 'This page failed' }).waitFor();
    expect(await console.violations()).toEqual([]);
    await page.unroute(/\/models\/model_a$/);
    await page.getByRole('button', { name: 'Load it again' }).click();

    await page.getByRole('button', { name: 'Predict' }).waitFor();
  });

  it('gives the same call as code that works', async () => {
    await using console = await tests.open();
    const { page } = console;
    await console.show('/models/model_a');
    await page.getByLabel('text', { exact: true }).fill("it's typed");
    const calls = page.getByRole('region', { name: 'The same call as code' });
    const codeOf = async (language: string) => {
      await calls.getByRole('tab', { name: language }).click();
      return String(await calls.locator('pre', { hasText: 'typed' }).textContent());
    };
    const run = async (program: string, args: readonly string[]) => {
      const { promisify } = await import('node:util');
      const { execFile } = await import('node:child_process');
      return (await promisify(execFile)(program, args)).stdout;
    };

    const printed = [
      await run('bash', ['-c', await codeOf('curl')]),
      await run(process.execPath, ['--input-type=module', '-e', await codeOf('TypeScript')]),
      await run('python3', ['-c', await codeOf('Python')]),
    ];

    for (const text of printed) expect(text).toMatch(/Processed message: it's typed/);
  });

  it('launches and drains instances', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    await console.show('/models/model_a');
    await page.getByRole('tab', { name: 'Instances' }).click();
    await page.getByRole('button', { name: 'Launch an instance' }).click();
    const started = await page.getByText(/^(\S+) is starting\.$/).textContent();
    const id = String(started).split(' ')[0];
    const row = page.getByRole('row').filter({ hasText: id });

    await row.getByText('ready', { exact: true }).waitFor();
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'instances');
    await row.getByRole('button', { name: `Drain ${id}` }).click();

    await row.waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
  });

  it('draws how the tasks of a model ended', async () => {
    await submit(tests.system, 'model_a', { data: 'x' }, { Prefer: 'wait=20' });
    await using console = await tests.open();
    const { page, faults } = console;

    const curves = page.getByRole('img', { name: /^model_a: \d+ tasks ended in the last 15 minutes$/ });
    await curves.locator('canvas').waitFor({ timeout: 60_000 });
    await page
      .getByRole('img', { name: /^model_a: half of the runs took \d.* or less, 99 of 100 \d/ })
      .locator('canvas')
      .waitFor();
    await console.show('/models/model_a');
    await page.getByRole('tab', { name: 'Curves' }).click();
    await page
      .getByRole('img', { name: /^Half of the runs took/ })
      .locator('canvas')
      .waitFor();

    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'curves');
    expect(faults).toEqual([]);
  });

  it('shows the contract as .proto and as schemas', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    await console.show('/models/model_a');
    await page.getByRole('tab', { name: 'Contract' }).click();

    await page.getByRole('columnheader', { name: 'Compatible with' }).waitFor();
    await page.getByRole('cell', { name: 'every build of version 1' }).waitFor();
    await page.getByRole('tab', { name: '.proto' }).click();
    await page.getByText('message ModelARequest').waitFor();
    await page.getByRole('tab', { name: 'Response schema' }).click();
    await page.getByText('"ModelAResponse"').first().waitFor();
    await page.getByRole('tab', { name: 'Limits' }).press('Enter');
    await page.getByText('max attempts').waitFor();

    expect(await console.violations()).toEqual([]);
    expect(faults).toEqual([]);
  });
});
