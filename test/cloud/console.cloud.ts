import { describe, expect, it } from 'vitest';
import { browserMissing, launchBrowser } from '#test/support/chromium.ts';
import { openConsole } from '#test/support/console-page.ts';
import { addUser } from './deployed-users.ts';

// Without the key that other tests send: the page logs in itself.
const STAGE_URL = process.env.MODELYARD_E2E_URL ?? '';

describe('the console of a deployed stage', () => {
  it('comes from a Lambda with a strict policy, is kept by the browser, logs a user in and predicts', async ({
    skip,
  }) => {
    const missing = browserMissing();
    if (missing !== undefined) skip(missing);
    await using browser = await launchBrowser();
    const user = await addUser('guarded', 'user');
    await using console = await openConsole(browser, STAGE_URL);
    const { page, faults } = console;
    await page.getByLabel('User name').fill(user.name);
    await page.getByLabel('Password').fill(user.password);
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.getByRole('link', { name: 'model_a' }).click();
    await page.getByLabel('text', { exact: true }).fill('from the page');
    await page.getByRole('button', { name: 'Predict' }).click();
    const answer = page.getByRole('region', { name: 'Answer' });
    const shown = () => answer.textContent();
    await expect.poll(shown, { timeout: 30_000, interval: 500 }).toContain('Processed message: from the page');
    await answer.getByText('succeeded', { exact: true }).waitFor();

    // What a user may not do is not shown.
    expect(await page.getByRole('tab', { name: 'Instances' }).count()).toBe(0);
    expect(await console.violations()).toEqual([]);
    expect(faults).toEqual([]);
    const html = await fetch(`${STAGE_URL}/`, { headers: { Accept: 'text/html' } });
    expect(html.headers.get('content-security-policy')).toMatch(/^default-src 'none'; (?!.*unsafe).*script-src 'self'/);
    const files = [...(await html.text()).matchAll(/(?:src|href)="(console\/[^"]+)"/g)].map(([, file]) => file);
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const { status, headers } = await fetch(`${STAGE_URL}/${file}`);
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    }
  });
});
