import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { submit } from '#test/support/api-client.ts';
import { browserMissing, launchBrowser } from '#test/support/chromium.ts';
import { keepPicture, openConsole } from '#test/support/console-page.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { behindPrefix } from '#test/support/stage-prefix.ts';

const missing = browserMissing();

let system: EmbeddedSystem;
let browser: Browser;
beforeAll(async () => {
  if (missing !== undefined) return;
  [system, browser] = await Promise.all([EmbeddedSystem.start(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await system?.[Symbol.asyncDispose]();
});

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describe('the console at /, in a browser,', { timeout: 120_000 }, () => {
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });

  it('leads a new user from the first page to a prediction by clicks and typing', async () => {
    await using console = await openConsole(browser, system.url);
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
    await using console = await openConsole(browser, system.url);
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

  it('gives the same call as code that works', async () => {
    await using console = await openConsole(browser, system.url);
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

  it('shows my tasks as they come, filters them, and one with its timeline', async () => {
    await using console = await openConsole(browser, system.url);
    const { page, faults } = console;
    await console.show('/tasks');
    const { id } = await submit(system, 'model_b', { value: 20, delay_seconds: 0.1 }, { Prefer: 'wait=20' });

    await page.locator(`a[href="#/tasks/${id}"]`).waitFor();
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'tasks');
    await page.getByLabel('Model').selectOption('model_a');
    await page.locator(`a[href="#/tasks/${id}"]`).waitFor({ state: 'detached' });
    await page.getByLabel('Model').selectOption('model_b');
    await page.getByLabel('State').selectOption('succeeded');
    await page.getByLabel('Last').selectOption('hour');
    await page.locator(`a[href="#/tasks/${id}"]`).click();

    await page.getByText('Result written').waitFor();
    expect(await page.locator('main').textContent()).toContain(id);
    expect(await page.locator('main time').first().getAttribute('title')).toMatch(/^\d{4}-.*Z$/);
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'task');
    expect(faults).toEqual([]);
  });

  it('launches and drains instances', async () => {
    await using console = await openConsole(browser, system.url);
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
    await submit(system, 'model_a', { data: 'x' }, { Prefer: 'wait=20' });
    await using console = await openConsole(browser, system.url);
    const { page, faults } = console;

    const curves = page.getByRole('img', { name: /^model_a: \d+ tasks ended in the last 15 minutes$/ });
    await curves.locator('canvas').waitFor({ timeout: 60_000 });
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
    await using console = await openConsole(browser, system.url);
    const { page, faults } = console;
    await console.show('/models/model_a');
    await page.getByRole('tab', { name: 'Contract' }).click();

    await page.getByText('message ModelARequest').waitFor();
    await page.getByRole('tab', { name: 'Response schema' }).click();
    await page.getByText('"ModelAResponse"').first().waitFor();
    await page.getByRole('tab', { name: 'Limits' }).press('Enter');
    await page.getByText('max attempts').waitFor();

    expect(await console.violations()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('starts a pipeline and shows its run as a graph, with the error and the log', async () => {
    const stages = [
      { name: 'train', uses: 'training.train', params: { model: 'rates', trainer: 'ridge' } },
      { name: 'deploy', uses: 'serving.deploy', after: ['train'], params: { model: 'rates' } },
    ];
    const defined = await system.fetch('/pipelines/nightly', {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ stages }),
    });
    // A platform without databases for the lifecycle.
    if (defined.status === 503) return;
    expect(defined.status).toBeLessThan(300);
    await using console = await openConsole(browser, system.url);
    const { page, faults } = console;
    await page.getByRole('link', { name: 'Pipelines' }).click();
    await page.getByRole('button', { name: 'Start a run of nightly' }).click();
    await page.getByRole('region', { name: 'nightly' }).getByRole('listitem').first().getByRole('link').click();
    const graph = page.getByRole('list', { name: 'Stages' });
    await graph.getByText('failed', { exact: true }).waitFor({ timeout: 60_000 });

    expect(await graph.textContent()).toMatch(/train.*must be the hash of a training set.*deploy.*after train/);
    expect(await page.locator('figure pre').textContent()).toContain('The run has ended as failed.');
    expect(await page.getByRole('button', { name: 'Retry from the failed stage' }).isVisible()).toBe(true);
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'pipeline');
    expect(faults).toEqual([]);
  });

  it('scrolls through 10,000 tasks and draws only those in view', async () => {
    await using console = await openConsole(browser, system.url);
    const { page, faults } = console;
    await page.route(/\/tasks\?/, (route) => route.fulfill({ json: pageOf(new URL(route.request().url())) }));
    await console.show('/tasks');
    const table = page.getByRole('region', { name: 'Tasks' });

    for (let at = 0; at < 400 && !(await page.getByText('10000 tasks').isVisible()); at += 1) {
      await table.press('End');
      await page.waitForTimeout(20);
    }
    await page.getByText('10000 tasks').waitFor();
    const longest = Number(await page.evaluate(LONGEST_FRAME));

    expect(await table.locator('tbody tr').count()).toBeLessThan(80);
    // A page that draws all rows hangs for seconds; a busy machine is slow too.
    expect(longest).toBeLessThan(1_000);
    expect(faults).toEqual([]);
  });

  it('says that the API is away, keeps what it knew, and goes on when it is back', async () => {
    const first = await EmbeddedSystem.start();
    await using console = await openConsole(browser, first.url);
    const { page } = console;
    await page.getByRole('link', { name: 'model_a' }).waitFor();

    await first[Symbol.asyncDispose]();
    await page.getByText('The API does not answer').waitFor();
    expect(await page.getByRole('link', { name: 'model_a' }).isVisible()).toBe(true);
    expect(await console.violations()).toEqual([]);
    const port = new URL(first.url).port;
    await using _again = await EmbeddedSystem.start({ args: ['--port', port, '--json'], after: first });

    await page.getByText('The API does not answer').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'model_a' }).click();
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.getByRole('region', { name: 'Answer' }).getByText('succeeded', { exact: true }).waitFor();
  });

  it.each([
    ['dark', { colorScheme: 'dark' }],
    ['phone', PHONE],
  ] as const)('has no violation in %s and fits the screen', async (name, options) => {
    await using console = await openConsole(browser, system.url, options);
    const { page, faults } = console;
    for (const route of ['/', '/models/gdp_growth_rate', '/tasks', '/nowhere']) {
      await console.show(route);
      await page.waitForTimeout(300);

      expect(await console.violations(), route).toEqual([]);
      const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      expect(overflow, route).toBeLessThanOrEqual(0);
      if (route === '/models/gdp_growth_rate') await keepPicture(page, name);
    }
    expect(faults).toEqual([]);
  });

  it('is used by keyboard alone', async () => {
    await using console = await openConsole(browser, system.url);
    const { page } = console;
    const press = async (key: string, times = 1) => {
      for (let at = 0; at < times; at += 1) await page.keyboard.press(key);
    };
    const focused = () => page.evaluate('document.activeElement.textContent');
    await page.getByRole('link', { name: 'model_a' }).waitFor();

    await press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await press('Enter');
    // Over the links to models that come before it.
    for (let tabs = 0; tabs < 10 && (await focused()) !== 'model_a'; tabs += 1) await press('Tab');
    expect(await focused()).toBe('model_a');
    await press('Enter');
    await page.getByRole('tab', { name: 'Try it' }).focus();
    await press('ArrowRight');
    await page.getByRole('button', { name: 'Launch an instance' }).waitFor();
  });

  it('works below the path of a stage', async () => {
    await using stage = await behindPrefix(system.url, '/prod');
    await using console = await openConsole(browser, stage.url);
    const { page, faults } = console;

    await page.getByRole('link', { name: 'model_a' }).waitFor();
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'overview');
    expect(faults).toEqual([]);
  });
});

/** A page of 10,000 tasks as the API lists them, in larger pages so that the test is quick. */
function pageOf({ searchParams }: URL) {
  const from = Number(searchParams.get('cursor') ?? 0);
  const tasks = Array.from({ length: 1000 }, (_, i) => ({
    id: `01a1fc9e-0000-7000-8000-${String(from + i).padStart(12, '0')}`,
    model: 'model_a',
    state: 'succeeded',
    created_at: new Date(Date.UTC(2026, 10, 20) - (from + i) * 1000).toISOString(),
    started_at: null,
    ended_at: null,
    attempts: 1,
    error: null,
    timings: { queued_ms: 3, run_ms: 1, total_ms: 9 },
  }));
  return { tasks, next_cursor: from + 1000 < 10_000 ? String(from + 1000) : null };
}

/** Milliseconds of the slowest of 60 frames while the table scrolls from its end to its start. */
const LONGEST_FRAME = `(async () => {
  const table = document.querySelector('.scroller');
  let longest = 0;
  let before = performance.now();
  for (let frame = 0; frame < 60; frame += 1) {
    table.scrollTop -= table.scrollHeight / 60;
    await new Promise(requestAnimationFrame);
    longest = Math.max(longest, performance.now() - before);
    before = performance.now();
  }
  return longest;
})()`;
