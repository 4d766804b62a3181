import { describe, expect, it } from 'vitest';
import { useBrowser } from '#test/support/browser-tests.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const tests = useBrowser();
const AWAY = 'The API does not answer.';

describe('the console while the API is away, in a browser,', { timeout: 120_000 }, () => {
  it('says that the API is away, keeps what it knew, and goes on when it is back', async () => {
    const first = await EmbeddedSystem.start();
    await using console = await tests.open({ url: first.url });
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

  it('says that the API is frozen, and goes on when it is thawed', async () => {
    await using system = await EmbeddedSystem.start();
    await using console = await tests.open({ url: system.url });
    const { page, faults } = console;
    await page.getByRole('link', { name: 'model_a' }).waitFor();

    system.signal('SIGSTOP');
    await page.getByText(AWAY).waitFor();
    // Neither code nor data of this page has been loaded before.
    await page.getByRole('link', { name: 'model_a' }).click();
    await page.getByText('Loading …').waitFor();
    expect(await console.violations()).toEqual([]);
    system.signal('SIGCONT');

    await page.getByText(AWAY).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.getByRole('region', { name: 'Answer' }).getByText('succeeded', { exact: true }).waitFor();
    expect(faults).toEqual([]);
  });

  it('loads code of a page again that it could not load', async () => {
    await using console = await tests.open();
    const { page } = console;
    const code = /part-\w+\.js/;
    await page.route(code, (route) => route.abort());
    await page.route(/\/(readyz|healthz)$/, (route) => route.abort());
    await page.getByText(AWAY).waitFor();
    const failed = page.waitForEvent('requestfailed', (request) => code.test(request.url()));
    await page.getByRole('link', { name: 'model_a' }).click();
    await failed;
    await page.unroute(code);
    await page.unroute(/\/(readyz|healthz)$/);

    await page.getByRole('button', { name: 'Predict' }).waitFor();
  });

  it('loads itself again when the API has code of another version', async () => {
    await using console = await tests.open();
    const { page } = console;
    const code = /part-\w+\.js/;
    await page.route(code, (route) => route.fulfill({ status: 404 }));
    page.once('framenavigated', () => void page.unroute(code));
    await page.getByRole('link', { name: 'model_a' }).click();

    await page.getByRole('button', { name: 'Predict' }).waitFor();
  });

  it('says why an API that answers is not ready, also before anything is known', async () => {
    await using console = await tests.open();
    const { page } = console;
    await page.getByRole('link', { name: 'model_a' }).waitFor();
    await page.route(/\/(readyz|users\/me|models\?.*)$/, (route) =>
      route.fulfill({ status: 503, json: { status: 503, detail: 'The task store cannot be reached.' } }),
    );

    await page.getByText('The API is not ready: The task store cannot be reached.').waitFor();
    expect(await page.getByRole('link', { name: 'model_a' }).isVisible()).toBe(true);
    await page.reload();
    await page.getByRole('alert').getByText('The task store cannot be reached.').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });

    await page.getByRole('link', { name: 'model_a' }).waitFor();
    await page.getByText('The API is not ready').waitFor({ state: 'detached' });
  });
});
