import type { Page } from 'playwright-core';

/** Tasks that `listManyTasks` lists. */
export const MANY = 10_000;

/** Answers the task lists of the console with many tasks, in larger pages than those of the API. */
export const listManyTasks = (page: Page): Promise<unknown> =>
  page.route(/\/tasks\?/, (route) => route.fulfill({ json: pageOf(new URL(route.request().url())) }));

/** Scrolls the list of tasks to its end, which loads all of them. */
export async function toLastTask(page: Page, onStep: () => Promise<void> = async () => undefined): Promise<void> {
  const table = page.getByRole('region', { name: 'Tasks' });
  const isLoaded = () => page.getByText(`${MANY} tasks`).isVisible();
  for (let at = 0; at < 400 && !(await isLoaded()); at += 1) {
    await table.press('End');
    await page.waitForTimeout(20);
    await onStep();
  }
  await page.getByText(`${MANY} tasks`).waitFor();
}

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
  return { tasks, next_cursor: from + 1000 < MANY ? String(from + 1000) : null };
}
