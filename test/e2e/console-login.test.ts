import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { useBrowser } from '#test/support/browser-tests.ts';
import { keepPicture } from '#test/support/console-page.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const USERS = fileURLToPath(new URL('../../bin/users.ts', import.meta.url));
const PASSWORD = 'a long sentence';

const folder = mkdtempSync(join(tmpdir(), 'modelyard-console-'));
let rootPassword: string;

const tests = useBrowser(async () => {
  const system = new EmbeddedSystem({ dataFolder: folder, environment: { AUTH: 'jwt' } });
  await system.until(({ message }) => message === 'ready');
  const args = [USERS, 'add', 'root', '--role', 'admin', '--data', folder];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  rootPassword = stdout.trim().split(',')[1] ?? '';
  return system;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function rootToken(): Promise<string> {
  const answer = await tests.system.fetch('/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'root', password: rootPassword }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function createKey(name: string): Promise<{ id: string; key: string }> {
  const answer = await tests.system.fetch('/users/me/keys', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await rootToken()}` },
    body: JSON.stringify({ name }),
  });
  return (await answer.json()) as { id: string; key: string };
}

async function logIn(name: string, password: string) {
  const console = await tests.open();
  await console.page.getByLabel('User name').fill(name);
  await console.page.getByLabel('Password').fill(password);
  await console.page.getByRole('button', { name: 'Log in', exact: true }).click();
  return console;
}

/** Fields and buttons of a form that cover one another. */
const OVERLAPS = `[...document.querySelectorAll('form')].flatMap((form) => {
  const boxes = [...form.querySelectorAll('input, button')].map((each) => each.getBoundingClientRect());
  return boxes.filter((box, at) => boxes.slice(at + 1).some((other) =>
    box.right > other.left && other.right > box.left && box.bottom > other.top && other.bottom > box.top)).map((box) => box.x);
})`;

const CALL_OF_ANOTHER = {
  ...{ id: 'c', time: '2026-11-20T06:02:00.000Z', user_id: 'another', method: 'POST', status: 202, duration_ms: 1 },
  ...{ route: '/models/{model}/tasks', model: 'model_a', task_id: '01a2062c-be58-72e9-bccb-e7aca0618a4b' },
};

describe('the console with AUTH=jwt', { timeout: 120_000 }, () => {
  it('registers a user, who predicts, makes a key, revokes it, and logs out', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'login');
    await page.getByRole('button', { name: 'Register a new user' }).click();
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Register and log in' }).click();
    await page.getByRole('link', { name: 'model_a' }).click();
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.getByRole('region', { name: 'Answer' }).getByText('succeeded', { exact: true }).waitFor();

    // What a user may not do is not shown.
    expect(await page.getByRole('tab', { name: 'Instances' }).count()).toBe(0);
    for (const name of ['Users', 'Limits']) expect(await page.getByRole('link', { name }).count(), name).toBe(0);
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByText('Usage in the last 24 hours').waitFor();
    await page.getByLabel('Name of the new key').fill('program');
    await page.getByRole('button', { name: 'Create' }).click();
    const secret = String(
      await page.getByRole('status').filter({ hasText: 'Copy it now' }).locator('code').textContent(),
    );
    const me = await tests.system.fetch('/users/me', { headers: { Authorization: `Bearer ${secret}` } });
    expect(await me.json()).toMatchObject({ username: 'ann' });
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'account');
    await page.getByRole('button', { name: 'Revoke program' }).click();
    await page.getByText('You have no keys').waitFor();
    await page.reload();
    await page.getByText('You are ann').waitFor();
    await page.getByRole('link', { name: 'Calls' }).click();
    await page.getByText('POST /users/me/keys', { exact: true }).waitFor();
    expect(await page.getByLabel('Whose').count()).toBe(0);
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'calls');
    await page.getByRole('button', { name: 'Log out' }).click();

    await page.getByLabel('User name').waitFor();
    expect(faults).toEqual([]);
  });

  it('tells an admin about users, and changes their roles', async () => {
    await tests.system.fetch('/register', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'bob', password: PASSWORD }),
    });
    await using console = await logIn('root', rootPassword);
    const { page, faults } = console;
    await page.getByRole('link', { name: 'Users' }).click();

    const changed = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
    const listed = changed.then(() => page.waitForResponse(/\/users\?/));
    await page.getByLabel('Role of bob').focus();
    await page.getByLabel('Role of bob').selectOption('operator');
    await listed;
    await page.getByLabel('bob is disabled').check();
    // The table is drawn again, and the keyboard stays where it is.
    await page.getByRole('checkbox', { name: 'bob is disabled', checked: true }).waitFor();
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('bob is disabled');
    expect(await page.getByLabel('Role of root').isDisabled()).toBe(true);
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'users');
    await page.reload();
    await page.getByLabel('bob is disabled').waitFor();

    expect(await page.getByLabel('Role of bob').inputValue()).toBe('operator');
    expect(await page.getByLabel('bob is disabled').isChecked()).toBe(true);
    expect(faults).toEqual([]);
  });

  it('tells an admin about the tasks of all, and changes limits', async () => {
    await using console = await logIn('root', rootPassword);
    const { page, faults } = console;
    await page.getByRole('link', { name: 'Tasks' }).click();
    await page.getByText('You have submitted no task yet').waitFor();
    await page.getByLabel('Whose').selectOption("everybody's");
    await page.getByRole('heading', { name: 'Tasks of all users' }).waitFor();
    const row = page.getByRole('row').filter({ hasText: 'succeeded' });
    await row.first().waitFor();
    // What others ask and get is theirs.
    expect(await row.first().getByRole('link').allTextContents()).toEqual(['model_a']);
    expect(await console.violations()).toEqual([]);
    await page.route(/\/calls\?/, (route) => route.fulfill({ json: { calls: [CALL_OF_ANOTHER], next_cursor: null } }));
    await page.getByRole('link', { name: 'Calls' }).click();
    const call = page.getByRole('row').filter({ hasText: 'POST /models/{model}/tasks' });
    await call.waitFor();
    expect(await call.getByRole('link').allTextContents()).toEqual(['model_a']);

    await page.getByRole('link', { name: 'Limits' }).click();
    await page.getByRole('form', { name: 'Limits of ann' }).waitFor();
    expect(await page.evaluate(OVERLAPS)).toEqual([]);
    const colours = `['::placeholder', undefined].map((part) =>
      getComputedStyle(document.querySelector(part ? '.limits input' : '.limits label'), part).color)`;
    const [placeholder, label] = (await page.evaluate(colours)) as string[];
    expect(placeholder).toBe(label);
    const limits = page.getByRole('form', { name: 'Limits of ann' });
    await limits.getByLabel('burst').fill('50');
    await limits.getByRole('button', { name: 'Save limits of ann' }).click();
    await limits.getByText('Saved.').waitFor();
    // Two pages of users, of which the second one has not been loaded.
    await page.route(/\/users\?limit=100/, (route) =>
      route.continue({ url: route.request().url().replace('limit=100', 'limit=1') }),
    );
    await page.reload();
    const forms = page.getByRole('form', { name: /^Limits of/ });
    await forms.first().waitFor();
    expect(await forms.count()).toBe(1);
    await page.getByRole('button', { name: 'Show more users' }).click();
    await forms.nth(1).waitFor();
    await page.unroute(/\/users\?limit=100/);
    await page.reload();

    await limits.waitFor();
    expect(await limits.getByLabel('burst').inputValue()).toBe('50');
    expect(await page.getByRole('form', { name: 'Limits of root' }).getByLabel('burst').isDisabled()).toBe(true);
    expect(await console.violations()).toEqual([]);
    await keepPicture(page, 'limits');
    expect(faults).toEqual([]);
  });

  it('shows the API documentation, which logs in by Authorize', async () => {
    await using console = await logIn('root', rootPassword);
    const { page, faults } = console;
    // Buttons that fade have any contrast.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.getByRole('link', { name: 'API' }).click();
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const fading = `getComputedStyle(document.querySelector('.swagger-ui .btn')).transitionDuration`;
    expect(await page.evaluate(fading)).toBe('0s');
    expect(await console.violations()).toEqual([]);
    const password = page.locator('.auth-container').filter({ hasText: 'OAuth2, password' });
    await password.getByLabel('username:').fill('root');
    await password.getByLabel('password:').fill(rootPassword);
    await password
      .getByRole('button', { name: 'Apply credentials' })
      .or(password.locator('button.authorize'))
      .first()
      .click();
    await page.getByRole('dialog').getByRole('heading', { name: 'Authorized' }).waitFor();
    expect(await console.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Close', exact: true }).first().click();
    await page.locator('#operations-tag-Users').click();
    const operation = page.locator('#operations-Users-get_me');
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByRole('button', { name: 'Execute' }).click();

    await operation.locator('.live-responses-table').getByText('"root"').waitFor();
    expect(faults).toEqual([]);
  });

  it('refuses a wrong password in the words of the API, and takes an API key', async () => {
    await using refused = await logIn('root', 'not the password');
    await refused.page.getByRole('alert').waitFor();
    expect(await refused.violations()).toEqual([]);

    await refused.page.getByText('Use an API key or a token').click();
    await refused.page.getByLabel('API key or token').fill(await rootToken());
    await refused.page.getByRole('button', { name: 'Continue' }).click();

    await refused.page.getByText('root', { exact: true }).or(refused.page.getByText('(admin)')).first().waitFor();
  });

  it('asks to log in again when the API refuses a key, at once and later', async () => {
    await using console = await tests.open();
    const { page, faults } = console;
    const enter = async (key: string) => {
      await page.getByText('Use an API key or a token').click();
      await page.getByLabel('API key or token').fill(key);
      await page.getByRole('button', { name: 'Continue' }).click();
    };
    await enter('no key');
    await page.getByRole('alert').getByText('Log in again').waitFor();
    expect(await console.violations()).toEqual([]);
    const { id, key } = await createKey('console');
    await enter(key);
    await page.getByRole('link', { name: 'model_a' }).click();
    // The same call as code reads the key from the environment.
    for (const language of ['TypeScript', 'Python', 'curl']) {
      await page.getByRole('tab', { name: language }).click();
      await page.locator('pre', { hasText: 'MODELYARD_TOKEN' }).waitFor();
    }
    await page.getByRole('tab', { name: 'curl' }).click();
    const code = String(await page.locator('pre', { hasText: 'curl' }).textContent());
    const { stdout } = await promisify(execFile)('bash', ['-c', code], {
      env: { ...process.env, MODELYARD_TOKEN: key },
    });
    expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded' });

    await tests.system.fetch(`/users/me/keys/${id}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${await rootToken()}` },
    });
    // Gateways know a key for up to a minute.
    await page.getByRole('alert').getByText('Log in again').waitFor({ timeout: 90_000 });
    expect(faults).toEqual([]);
  });

  it('stays logged in while the API cannot renew the login', async () => {
    await using console = await logIn('root', rootPassword);
    const { page } = console;
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByText('You are root').waitFor();
    const refusals = { isOn: true };
    await page.route(/\/users\/me/, (route) =>
      refusals.isOn ? route.fulfill({ status: 401, json: { detail: 'The token has expired.' } }) : route.continue(),
    );
    await page.route(/\/login\/refresh/, (route) => route.fulfill({ status: 503, json: { detail: 'Not now.' } }));
    await page.reload();
    await page.getByText('Not now.').waitFor();
    await page.unroute(/\/login\/refresh/);
    await page.waitForResponse(/\/login\/refresh/);
    refusals.isOn = false;

    await page.getByText('You are root').waitFor();
  });
});
