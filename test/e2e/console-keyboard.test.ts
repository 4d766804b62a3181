import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { useBrowser } from '#test/support/browser-tests.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const USERS = fileURLToPath(new URL('../../bin/users.ts', import.meta.url));
const ROLES = ['user', 'operator', 'admin'] as const;
const PAGES = ['Models', 'Tasks', 'Pipelines', 'Versions', 'Drift', 'Alerts', 'Calls', 'Account'];
const TABS = ['Try it', 'Curves', 'Contract', 'Limits'];

const folder = mkdtempSync(join(tmpdir(), 'modelyard-keyboard-'));
const passwords = new Map<string, string>();

/** With a user of each role, who is named as the role. */
const tests = useBrowser(async () => {
  const system = new EmbeddedSystem({ dataFolder: folder, environment: { AUTH: 'jwt' } });
  await system.until(({ message }) => message === 'ready');
  for (const role of ROLES) {
    const args = [USERS, 'add', `the.${role}`, '--role', role, '--data', folder];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    passwords.set(role, stdout.trim().split(',')[1] ?? '');
  }
  return system;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Marks the focused element, and says what is wrong with it. Null after the last element. */
const STEP = `(() => {
  const element = document.activeElement;
  const seen = (window.reached ??= new Set());
  if (!element || element === document.body || seen.has(element)) return null;
  seen.add(element);
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const isShown = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
  return isShown ? '' : 'no outline: ' + element.outerHTML.slice(0, 200);
})()`;

/** Arrow keys reach the tabs that are not selected. Rows of live lists come while the others are walked through. */
const MISSED = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter((each) => !each.closest('[aria-rowcount]'))
  .filter((each) => !each.disabled && each.tabIndex >= 0 && each.checkVisibility() && !window.reached.has(each))
  .map((each) => 'not reached: ' + each.outerHTML.slice(0, 200))`;

/** Presses Tab from the top to the end. Resolves with what is wrong. */
async function tabThrough(page: Page): Promise<string[]> {
  await page.evaluate(`window.reached = undefined; document.body.tabIndex = -1; document.body.focus();
    document.body.removeAttribute('tabindex')`);
  const faults: string[] = [];
  for (let step: unknown = ''; step !== null; step = await page.evaluate(STEP)) {
    if (step !== '') faults.push(String(step));
    await page.keyboard.press('Tab');
  }
  return [...faults, ...((await page.evaluate(MISSED)) as string[])];
}

/** Presses Tab until the text or the label of the focused element is this. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = `(({ labels, textContent }) => (labels?.[0] ?? { textContent }).textContent.trim())(document.activeElement)`;
  for (let tabs = 0; tabs < 60; tabs += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(focused)) === name) return;
  }
  throw new Error(`Tab does not reach ${name}.`);
}

describe('the console by keyboard alone', { timeout: 180_000 }, () => {
  it.each(ROLES)('shows each page to the role %s, and nothing that it may not do', async (role) => {
    await using console = await tests.open();
    const { page, faults } = console;
    await tabTo(page, 'User name');
    await page.keyboard.type(`the.${role}`);
    await page.keyboard.press('Tab');
    await page.keyboard.type(passwords.get(role) ?? '');
    await page.keyboard.press('Enter');
    const links = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
    await links.first().waitFor();
    const shown = role === 'admin' ? [...PAGES.slice(0, 6), 'Users', 'Limits', ...PAGES.slice(6)] : PAGES;
    expect(await links.allTextContents()).toEqual([...shown, 'API']);

    for (const name of shown) {
      await tabTo(page, name);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name, exact: true }).and(page.locator('[aria-current]')).waitFor();
      await page.waitForLoadState('networkidle', { timeout: 500 }).catch(() => undefined);
      expect([name, ...(await tabThrough(page)), ...(await console.violations())]).toEqual([name]);
      if (name === 'Tasks') expect(await page.getByLabel('Whose').count()).toBe(role === 'admin' ? 1 : 0);
    }

    await console.show('/models/model_a');
    const tabs = page.getByRole('tab');
    await page.getByRole('tab', { name: 'Curves' }).waitFor();
    const own = role === 'user' ? TABS : ['Try it', 'Instances', 'Curves', 'Dead letters', 'Contract', 'Limits'];
    expect((await tabs.allTextContents()).filter((name) => !['curl', 'TypeScript', 'Python'].includes(name))).toEqual(
      expect.arrayContaining(own),
    );
    expect(await page.getByRole('tab', { name: 'Instances' }).count()).toBe(role === 'user' ? 0 : 1);
    expect([...(await tabThrough(page)), ...(await console.violations())]).toEqual([]);
    await page.getByRole('button', { name: 'Predict' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Answer' }).getByText('succeeded', { exact: true }).waitFor();
    expect([...(await tabThrough(page)), ...(await console.violations())]).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('closes the dialog of the API documentation by Escape, and gives the focus back', async () => {
    await using console = await tests.open();
    const { page } = console;
    await page.goto(`${tests.system.url}/docs`);
    const authorize = page.locator('.auth-wrapper .authorize').first();
    await authorize.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Authorize' });
    await dialog.waitFor();
    expect(await dialog.locator(':focus').count()).toBe(1);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });

    expect(await authorize.and(page.locator(':focus')).count()).toBe(1);
  });
});
