import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { Modelyard } from '#client';
import { submit } from '#test/support/api-client.ts';
import { useBrowser } from '#test/support/browser-tests.ts';
import { keepPicture } from '#test/support/console-page.ts';
import { listManyTasks, toLastTask } from '#test/support/many-tasks.ts';

const tests = useBrowser();

describe('the tasks of the console, in a browser,', { timeout: 120_000 }, () => {
  it('shows my tasks as they come, filters them, and one with its timeline', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    await console.show('/tasks');
    const { id } = await submit(tests.system, 'model_b', { value: 20, delay_seconds: 0.1 }, { Prefer: 'wait=20' });

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

  it('keeps lists up to date by events without asking again, and polls where there are none', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    const asked = asksOf(page);
    const events = page.waitForResponse(/\/events\?of=tasks/);
    await console.show('/tasks');
    await events;
    const before = await submit(tests.system, 'model_b', { value: 1, delay_seconds: 0.1 }, { Prefer: 'wait=20' });
    await page.locator(`a[href="#/tasks/${before.id}"]`).waitFor();
    const first = asked(/\/tasks\?/);
    const slow = await submit(tests.system, 'model_b', { value: 20, delay_seconds: 60 });
    const row = page.getByRole('row').filter({ has: page.locator(`a[href="#/tasks/${slow.id}"]`) });

    await row.getByText('running', { exact: true }).waitFor();
    await tests.system.fetch(`/tasks/${slow.id}/cancel`, { method: 'POST' });
    await row.getByText('canceled', { exact: true }).waitFor();
    expect(asked(/\/tasks\?/)).toBe(first);
    // A list of one row needs no more room than that.
    const height = (await page.getByRole('region', { name: 'Tasks' }).boundingBox())?.height;
    const rows = await page.getByRole('row').count();
    expect(height).toBeLessThan(60 + 37 * rows);

    const models = page.waitForResponse(/\/events\?of=models/);
    await page.getByRole('link', { name: 'Models' }).first().click();
    await models;
    await page.getByText('Run p99').first().waitFor();
    const lists = asked(/\/(models\?|instances|stats)/);
    const launched = await tests.system.fetch('/models/model_a/instances', { method: 'POST' });
    const { id } = (await launched.json()) as { readonly id: string };
    const card = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'model_a' }) });
    await card.locator('div', { hasText: /^Instances2$/ }).waitFor();
    await tests.system.fetch(`/models/model_a/instances/${id}`, { method: 'DELETE' });
    await card.locator('div', { hasText: /^Instances1$/ }).waitFor();
    expect(asked(/\/(models\?|instances|stats)/)).toBe(lists);
    expect(asked(/dead-letters/)).toBe(0);

    await page.route(/\/events\?/, (route) => route.fulfill({ status: 204 }));
    await console.show('/tasks');
    const later = await submit(tests.system, 'model_b', { value: 1, delay_seconds: 0.1 });
    await page.locator(`a[href="#/tasks/${later.id}"]`).waitFor();
    const polls = asked(/\/tasks\?/);
    await page.waitForResponse(/\/tasks\?/);
    expect(asked(/\/tasks\?/)).toBeGreaterThan(polls);
    expect(faults).toEqual([]);
  });

  it('follows a task live: cancels it, and runs it again after it failed', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    const { id } = await submit(tests.system, 'model_b', { value: 20, delay_seconds: 60 });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await console.show(`/tasks/${id}`);

    await page.getByText('running', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('canceled', { exact: true }).first().waitFor();
    expect(asked.filter((url) => url.endsWith(`/tasks/${id}/events`))).toHaveLength(1);
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    const late = await submit(tests.system, 'model_b', { value: 20, delay_seconds: 60 }, { 'Task-Deadline': '1' });
    await console.show(`/tasks/${late.id}`);
    await page.getByText('expired', { exact: true }).first().waitFor();
    // From before the click: the task has one second again.
    const runsAgain = page
      .getByText(/^(queued|running)$/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await runsAgain;
    await page.getByText('History').click();
    await page.getByText(/retried/).waitFor();

    expect(await console.violations()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('shows what the request was, and the lineage where the lifecycle is on', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    await console.show('/models/model_a');
    await page.getByRole('button', { name: 'Predict' }).click();
    const answer = page.getByRole('region', { name: 'Answer' });
    await answer.getByText('succeeded', { exact: true }).waitFor();

    const { routes } = (await (await tests.system.fetch('/', { headers: { Accept: 'application/json' } })).json()) as {
      routes: readonly { path: string }[];
    };
    const hasLineage = routes.some(({ path }) => path === '/tasks/{id}/lineage');
    expect(await answer.getByText('Lineage').count()).toBe(hasLineage ? 1 : 0);
    await page.getByRole('link', { name: 'Tasks' }).click();
    await page.locator('a[href^="#/tasks/"]').first().click();
    await page.getByText(/^request/).waitFor();
    // What this tab has sent is forgotten: the API has it.
    await page.reload();
    await page.getByText(/^request/).waitFor();
    expect(await page.getByRole('figure').filter({ hasText: 'request' }).locator('pre').textContent()).toContain(
      '"data"',
    );
    if (hasLineage) {
      await page.getByText('Lineage', { exact: true }).click();
      await page.getByText('"training_set"').waitFor();
    }
    expect(await console.violations()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('links to a result that is too large for an answer', async () => {
    const client = new Modelyard({ url: tests.system.url });
    const { id } = await client.submit('model_a', { data: 'x'.repeat(5 * 2 ** 20) });
    await client.wait(id);
    await using console = await tests.open();
    const { page, faults } = console;
    await console.show(`/tasks/${id}`);
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download it as JSON' }).click();
    const result = JSON.parse(await readFile(await (await downloading).path(), 'utf8')) as { readonly message: string };

    expect(result.message).toMatch(/^Processed message: x+$/);
    expect(await page.getByRole('link', { name: 'Download it as protobuf' }).isVisible()).toBe(true);
    expect(await console.violations()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('shows which steps a task that was canceled in the queue never took', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    const task = { id: 'waited', model: 'model_a', state: 'canceled', attempts: 0, error: null, timings: {} };
    const times = { created_at: '2026-11-20T06:02:00.000Z', started_at: null, ended_at: '2026-11-20T06:03:00.000Z' };
    await page.route(/\/tasks\/waited$/, (route) => route.fulfill({ json: { ...task, ...times } }));
    await console.show('/tasks/waited');

    const steps = page.getByRole('list', { name: 'Timeline' }).getByRole('listitem');
    await steps.first().waitFor();
    expect((await steps.allTextContents()).slice(1, 3)).toEqual(['Queuednever', 'Runnever']);
    expect(faults).toEqual([]);
  });

  it('scrolls through 10,000 tasks and draws only those in view', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    await listManyTasks(page);
    await console.show('/tasks');
    const table = page.getByRole('region', { name: 'Tasks' });

    const rows = () => table.locator('tbody tr').count();
    let drawn = 0;
    await toLastTask(page, async () => {
      drawn = Math.max(drawn, await rows());
    });

    expect(Math.max(drawn, Number(await page.evaluate(MOST_ROWS)))).toBeLessThan(80);
    expect(faults).toEqual([]);
  });
});

/** Counts the requests of a page. */
function asksOf(page: Page): (pattern: RegExp) => number {
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  return (pattern) => urls.filter((url) => pattern.test(url)).length;
}

/** The most rows that are drawn in one of 60 frames while the table scrolls from its end to its start. */
const MOST_ROWS = `(async () => {
  const table = document.querySelector('.scroller');
  let most = 0;
  for (let frame = 0; frame < 60; frame += 1) {
    table.scrollTop -= table.scrollHeight / 60;
    await new Promise(requestAnimationFrame);
    most = Math.max(most, table.querySelectorAll('tbody tr').length);
  }
  return most;
})()`;
