import { describe, expect, it } from 'vitest';
import { useBrowser } from '#test/support/browser-tests.ts';
import { keepPicture } from '#test/support/console-page.ts';

const tests = useBrowser();

/** As MLflow does. Undefined on a platform without databases for the lifecycle. */
async function call(method: string, path: string, body: object): Promise<unknown> {
  const answer = await tests.system.fetch(`/mlflow/api/2.0/mlflow${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.ok ? answer.json() : undefined;
}

const finding = (value: number) => ({
  ...{ feature: 'rate', statistic: 'ks', value: 0.4, threshold: 0.05 },
  ...{ p_value: value, drifted: value <= 0.05 },
});

const WINDOWS = [0.01, 0.3, 0.6].map((value, index) => ({
  ...{ version: '2', start: `2026-11-20T0${5 - index}:00:00.000Z`, end: `2026-11-20T0${6 - index}:00:00.000Z` },
  ...{ state: 'closed', shadow: false, predictions: 100, drifted: value <= 0.05, drift: [finding(value)] },
  ...{ quality: {}, performance: null, computed_at: null },
}));

const DECISIONS = [
  { number: 2, kind: 'deploy', state: 'refused', version: '2', reasons: ['Its error is not lower.'] },
  { number: 1, kind: 'deploy', state: 'deployed', version: '1', reasons: [] },
].map((decision) => ({ ...decision, created_at: '2026-11-20T06:02:00.000Z' }));

const tally = (version: string, tasks: number, failed: number, p95_ms: number) => ({
  ...{ version, tasks, failed, dropped: 0 },
  ...{ p50_ms: 2, p95_ms },
});

const ROLLOUTS = [
  { number: 3, strategy: 'canary', state: 'running', version: '2', champion: '1', share: 0.1, ended_at: null },
  { number: 1, strategy: 'shadow', state: 'rolled_back', version: '2', champion: '1', share: 1 },
].map((rollout) => ({
  tallies: [tally('2', 40, 2, 8), tally('1', 360, 0, 4)],
  ...{ reasons: ['It has ended 40 tasks; at least 200 are needed.'], started_at: '2026-11-20T06:03:00.000Z' },
  ...{ ended_at: '2026-11-20T06:04:00.000Z', ...rollout },
}));

const ALERT = {
  ...{ fingerprint: 'f1', state: 'firing', rule: 'drift', model: 'model_a', version: '2', feature: 'rate' },
  ...{ reason: 'rate has drifted: p 0.01 of ks', started_at: '2026-11-20T06:02:00.000Z', resolved_at: null },
  ...{ reported_at: null, last_window: null, good_windows: 0, silenced: false },
};

describe('the lifecycle in the console, in a browser,', { timeout: 120_000 }, () => {
  it('starts a pipeline and shows its run as a graph, with the error and the log', async () => {
    // In another order than that of their dependencies.
    const stages = [
      { name: 'deploy', uses: 'serving.deploy', after: ['check'], params: { model: 'rates' } },
      { name: 'check', uses: 'training.train', after: ['train'], params: { model: 'rates', trainer: 'ridge' } },
      { name: 'train', uses: 'training.train', params: { model: 'rates', trainer: 'ridge' } },
    ];
    const defined = await tests.system.fetch('/pipelines/nightly', {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ stages }),
    });
    // A platform without databases for the lifecycle.
    if (defined.status === 503) return;
    expect(defined.status).toBeLessThan(300);
    await using console = await tests.open();
    const { page, faults } = console;
    await page.getByRole('link', { name: 'Pipelines' }).click();
    await page.getByRole('button', { name: 'Start a run of nightly' }).click();
    await page.getByRole('region', { name: 'nightly' }).getByRole('listitem').first().getByRole('link').click();
    const graph = page.getByRole('list', { name: 'Stages' });
    await graph.getByText('failed', { exact: true }).waitFor({ timeout: 60_000 });

    expect(await graph.textContent()).toMatch(/train.*must be the hash of a training set.*check.*after train.*deploy/);
    expect(await graph.getByRole('listitem').count()).toBe(3);
    // An arrow begins by M.
    expect(String(await page.locator('.graph path').getAttribute('d')).split('M')).toHaveLength(1 + 2);
    expect(await page.locator('figure pre').textContent()).toContain('The run has ended as failed.');
    expect(await page.getByRole('button', { name: 'Retry from the failed stage' }).isVisible()).toBe(true);
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'pipeline');
    // Its run is over in a moment, so the page is told that it is not.
    await page.route(/\/pipelines\/nightly\/runs\/[\w-]+$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), state: 'running' } });
    });
    await page.reload();
    const canceled = page.waitForResponse((answer) => answer.url().endsWith('/cancel'));
    await page.getByRole('button', { name: 'Cancel the run' }).click();
    expect((await canceled).status()).toBeLessThan(500);
    // The page may ask once more while it closes.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    expect(faults).toEqual([]);
  });

  it('shows trained versions side by side', async () => {
    const asked = await call('POST', '/registered-models/create', { name: 'model_a' });
    if (asked === undefined) return;
    for (const rmse of [0.2, 0.1]) {
      const { run } = (await call('POST', '/runs/create', { experiment_id: '0' })) as {
        run: { info: { run_id: string } };
      };
      const { run_id } = run.info;
      await call('POST', '/runs/log-metric', { run_id, key: 'rmse', value: rmse, timestamp: 1 });
      await call('POST', '/model-versions/create', { name: 'model_a', source: 'mlflow-artifacts:/x', run_id });
    }
    await using console = await tests.open();
    const { page, faults } = console;
    await page.getByRole('link', { name: 'Versions' }).click();
    await page.getByText('has no trained version').waitFor();
    await page.getByLabel('Model').selectOption('model_a');

    const table = page.getByRole('table', { name: 'Versions side by side' });
    await table.getByRole('row').filter({ hasText: 'RMSE' }).waitFor();
    expect(await table.getByRole('row').filter({ hasText: 'RMSE' }).textContent()).toBe(
      'error on the rows held out (RMSE)0.10.2',
    );
    await page.getByLabel('1', { exact: false }).first().waitFor();
    expect(await console.violations()).toEqual([]);

    const deployments = page.getByRole('region', { name: 'Deployments' });
    await deployments.getByText('Nothing has been decided about model_a').waitFor();
    await deployments.getByRole('button', { name: 'Roll back' }).click();
    await deployments.getByText('No version of model_a was deployed before.').waitFor();
    await deployments.getByLabel('Version to deploy').selectOption('1');
    // These versions have no files.
    const refused = page.waitForResponse((answer) => answer.request().method() === 'POST');
    await deployments.getByRole('button', { name: 'Deploy the version' }).click();
    expect((await refused).request().postDataJSON()).toEqual({ version: '1' });
    await deployments.getByRole('alert').first().waitFor();
    const canary = page.waitForRequest((request) => request.method() === 'POST');
    await deployments.getByLabel('It answers').selectOption('canary');
    await deployments.getByLabel('Share of the tasks, in %').fill('25');
    await deployments.getByRole('button', { name: 'Deploy the version' }).click();
    expect((await canary).postDataJSON()).toEqual({ version: '1', strategy: 'canary', share: 0.25 });
    await page.route(/\/models\/model_a\/deployments/, (route) =>
      route.fulfill({ json: { deployments: DECISIONS, rollouts: ROLLOUTS } }),
    );
    // Without the refusals from above.
    await page.reload();
    await page.getByLabel('Model').selectOption('model_a');
    await deployments.getByText('Version 1 is deployed.').waitFor();
    const rollout = page.getByRole('region', { name: 'Roll-out' });
    const rows = rollout.getByRole('table', { name: 'Versions of the roll-out' }).getByRole('row');
    expect(await rows.allTextContents()).toEqual([
      'VersionAnswersTasksFailedError rateLatency (p50)Latency (p95)',
      '2 10%4025%2 ms8 ms',
      '1 90%36000%2 ms4 ms',
    ]);
    await keepPicture(page, 'versions');
    const decided = (path: string) =>
      page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith(path));
    const promoted = decided('/deployments');
    await rollout.getByRole('button', { name: 'Promote version 2' }).click();
    expect((await promoted).postDataJSON()).toEqual({ version: '2' });
    const rolledBack = decided('/model_a/rollback');
    await rollout.getByRole('button', { name: 'Roll back version 2' }).click();
    expect((await rolledBack).postDataJSON()).toEqual({ version: '2' });
    await rollout.getByText('Roll-outs before').click();
    await rollout.getByText('rolled back', { exact: true }).waitFor();

    const decisions = deployments.getByRole('table', { name: 'Decisions' });
    expect(await decisions.getByRole('row').nth(1).textContent()).toMatch(/deploy2refusedIts error is not lower/);
    expect(await console.violations()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('plots drift, and says what to do while there is nothing', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    if ((await page.getByRole('link', { name: 'Drift' }).count()) === 0) return;
    await page.getByRole('link', { name: 'Drift' }).click();
    await page.getByText('has no window of predictions').waitFor();
    expect(await console.violations()).toEqual([]);
    // Windows take minutes to be over: these have the shape of the API.
    await page.route(/\/models\/model_a\/monitor/, (route) => route.fulfill({ json: { windows: WINDOWS } }));
    await page.getByLabel('Model').selectOption('model_a');

    const drift = page.getByRole('region', { name: 'Drift of rate' });
    await drift
      .getByRole('img', { name: /^rate: p of ks was 0.01 in the last window/ })
      .locator('canvas')
      .waitFor();
    expect(await drift.getByText('drifted', { exact: true }).isVisible()).toBe(true);
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'drift');
    expect(faults).toEqual([]);
  });

  it('lists alerts, and says what raises them while there are none', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    if ((await page.getByRole('link', { name: 'Alerts' }).count()) === 0) return;
    await page.getByRole('link', { name: 'Alerts' }).click();
    await page.getByText('There is no alert').waitFor();
    expect(await console.violations()).toEqual([]);
    await page.route(/\/alerts\?state=firing/, (route) => route.fulfill({ json: { alerts: [ALERT] } }));
    await page.getByLabel('State').selectOption('firing');

    await page.getByText('rate has drifted').waitFor();
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'alerts');
    expect(faults).toEqual([]);
  });
});
