import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { submit, type TaskBody } from '#test/support/api-client.ts';
import { useBrowser } from '#test/support/browser-tests.ts';
import { violationsOf } from '#test/support/console-page.ts';
import { behindPrefix } from '#test/support/stage-prefix.ts';

/** The page is large: it draws for seconds alone, and for a minute beside other load. */
const PATIENCE_MS = 110_000;
const PROTOBUF = 'application/x-protobuf';

const tests = useBrowser();

afterEach(async () => {
  for (const context of tests.browser.contexts()) for (const page of context.pages()) await page.close();
});

/** The page, and everything that went wrong in it. All pages share a context, so that its files are loaded once. */
async function openDocs(url: string, path = '/docs'): Promise<{ page: Page; faults: string[] }> {
  const [context = await tests.browser.newContext()] = tests.browser.contexts();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (line) => ['error', 'warning'].includes(line.type()) && faults.push(line.text()));
  page.on('request', (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !/^(?:data|blob):/.test(address)) faults.push(`asked for ${address}`);
  });
  page.on('response', (response) => response.status() >= 400 && faults.push(`${response.status()} ${response.url()}`));
  await page.goto(`${url}${path}`);
  await page.locator('.opblock-tag').first().waitFor();
  return { page, faults };
}

/** Expands an operation of a model and lets it be tried. */
async function expand(page: Page, tag: string, operationId: string): Promise<Locator> {
  const operation = page.locator(`#operations-${tag}-${operationId}`);
  if (!(await operation.isVisible())) await page.locator(`#operations-tag-${tag}`).click();
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  return operation;
}

interface Outcome {
  readonly status: string;
  readonly body: string;
}

async function execute(operation: Locator): Promise<Outcome> {
  await operation.getByRole('button', { name: 'Execute' }).click();
  const row = operation.locator('.live-responses-table tbody .response');
  const status = await row.locator('.response-col_status').textContent();
  const body = await row.locator('.response-col_description .highlight-code').textContent();
  return { status: status?.trim() ?? '', body: body ?? '' };
}

const taskIn = ({ body }: Outcome): TaskBody => JSON.parse(body.slice(body.indexOf('{'))) as TaskBody;

/** Resolves when the document has the path, or has it no more. */
async function documented(path: string, isThere: boolean): Promise<void> {
  for (;;) {
    const { paths } = (await (await tests.system.fetch('/openapi.json')).json()) as { paths: object };
    if (Object.hasOwn(paths, path) === isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe('the page at /docs, in a browser,', { timeout: 2 * PATIENCE_MS }, () => {
  it('sends a prediction as JSON, with its example as it stands, and shows the result', async () => {
    const { page, faults } = await openDocs(tests.system.url);
    const operation = await expand(page, 'model_a', 'predict_model_a');

    const outcome = await execute(operation);

    expect(outcome.status).toBe('200');
    expect(taskIn(outcome)).toMatchObject({
      state: 'succeeded',
      result: { message: expect.stringMatching(/^Processed message: example/) },
    });
    expect(faults).toEqual([]);
  });

  it('is folded at first, and shows errors without a sample for each', async () => {
    const { page, faults } = await openDocs(tests.system.url);
    expect(await page.locator('.opblock').count()).toBe(0);
    expect(await page.locator('.opblock-tag').allTextContents()).toEqual(
      expect.arrayContaining([
        expect.stringContaining('Health and metrics'),
        expect.stringContaining('API documentation'),
      ]),
    );
    const operation = await expand(page, 'model_a', 'predict_model_a');

    const refused = operation.locator('.responses-table tr.response').filter({ hasText: '422' });
    expect(await refused.textContent()).toContain('The Idempotency-Key was used with another body.');
    expect(await refused.locator('.highlight-code, .example').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('has no violation, with folded and open operations, schemas and the dialog of the login', async () => {
    const { page, faults } = await openDocs(tests.system.url);
    expect(await violationsOf(page)).toEqual([]);
    await execute(await expand(page, 'model_a', 'predict_model_a'));
    const folded = page.locator('.opblock-tag[data-is-open=false]');
    while ((await folded.count()) > 0) await folded.first().click();
    for (const method of ['get', 'put', 'patch', 'delete']) {
      const operation = page.locator(`.opblock-${method}`).first();
      await operation.locator('.opblock-summary-control').click();
      await operation.locator('.opblock-body').waitFor();
    }

    expect(await violationsOf(page)).toEqual([]);
    await page.locator('section.models button').first().click();
    await page.locator('section.models article').first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    await page.getByRole('dialog', { name: 'Authorize' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('sends what was typed', async () => {
    const { page, faults } = await openDocs(tests.system.url);
    const operation = await expand(page, 'model_a', 'predict_model_a');

    await operation.locator('textarea.body-param__text').fill('{"data": "typed in"}');
    const outcome = await execute(operation);

    expect(taskIn(outcome).result).toEqual({ message: 'Processed message: typed in' });
    expect(faults).toEqual([]);
  });

  it('sends a file of protobuf', async () => {
    const { page, faults } = await openDocs(tests.system.url);
    const operation = await expand(page, 'model_a', 'predict_model_a');
    const buffer = Buffer.from(ModelARequest.encode({ data: 'from a file' }));

    await operation.locator('.opblock-section-request-body select').first().selectOption(PROTOBUF);
    await operation.locator('input[type=file]').setInputFiles({ name: 'request.binpb', mimeType: PROTOBUF, buffer });
    const outcome = await execute(operation);

    expect(outcome.status).toBe('200');
    expect(taskIn(outcome)).toMatchObject({
      state: 'succeeded',
      result: { message: 'Processed message: from a file' },
    });
    expect(faults).toEqual([]);
  });

  it('saves a result as a file of protobuf', async () => {
    const { id } = await submit(tests.system, 'model_a', { data: 'to a file' }, { Prefer: 'wait=20' });
    const { page, faults } = await openDocs(tests.system.url);
    const operation = await expand(page, 'Tasks', 'get_result');

    await operation.locator('tr[data-param-name=model] input').fill('model_a');
    await operation.locator('tr[data-param-name=task_id] input').fill(id);
    await operation.locator('.response-control-media-type select').first().selectOption(PROTOBUF);
    await operation.getByRole('button', { name: 'Execute' }).click();
    const downloading = page.waitForEvent('download');
    await operation.getByText('Download file').click();
    const file = await (await downloading).path();

    expect(ModelAResponse.decode(await readFile(file))).toEqual({ message: 'Processed message: to a file' });
    expect(faults).toEqual([]);
  });

  it('works below the path of a stage', async () => {
    await using stage = await behindPrefix(tests.system.url, '/prod');
    for (const path of ['/docs', '/docs/']) {
      const { page, faults } = await openDocs(stage.url, path);
      const operation = await expand(page, 'model_a', 'predict_model_a');

      const outcome = await execute(operation);

      expect(outcome.status).toBe('200');
      expect(faults).toEqual([]);
    }
  });

  it('loses a model with its last instance, and shows it again when one has registered', async () => {
    const { page, faults } = await openDocs(tests.system.url);
    const operations = page.locator('#operations-tag-gdp_growth_rate');
    const instances = '/models/gdp_growth_rate/instances';
    const listed = (await (await tests.system.fetch(instances)).json()) as { instances: { id: string }[] };

    for (const { id } of listed.instances) await tests.system.fetch(`${instances}/${id}`, { method: 'DELETE' });
    await documented('/predict/gdp_growth_rate', false);
    await page.reload();
    await page.locator('.opblock-tag').first().waitFor();
    const without = await operations.count();
    await tests.system.fetch(instances, { method: 'POST' });
    await documented('/predict/gdp_growth_rate', true);
    await page.reload();
    await page.locator('.opblock-tag').first().waitFor();

    expect(without).toBe(0);
    expect(await operations.count()).toBe(1);
    expect(faults).toEqual([]);
  });
});
