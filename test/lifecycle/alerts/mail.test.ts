import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateEmailIdentityCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { alertsDatabase } from '#lifecycle/alerts/tables.ts';
import { findDsqlProxy } from '#test/support/dsql-proxy.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { startEmulator } from '../../../scripts/cloud/emulator.ts';
import { ROOT } from '../../architecture/cruise.ts';
import { useLifecycle } from '../support.ts';
import { alertsOn, FEATURES } from './support.ts';

const HOUR_MS = 3_600_000;
const TO = [{ kind: 'email', to: 'ann@example.com' }] as const;
const FROM = 'alerts@example.com';

const headerOf = (mail: string, name: string) => new RegExp(`^${name}:\\s+(.+)$`, 'im').exec(mail)?.[1]?.trim();

describe('mail', () => {
  const lifecycles = useLifecycle();
  let server: SMTPServer | undefined;
  afterEach(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (server) server.close(resolve);
    else resolve();
    await promise;
    server = undefined;
  });

  /** A real mail server, which lets in who knows its password, and takes mail while it is up. */
  async function receiver() {
    const state = { isUp: true, mails: [] as string[], losesAnswers: 0, environment: {} };
    server = new SMTPServer({
      authOptional: false,
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
      onAuth({ username, password }, _session, callback) {
        const isKnown = username === 'modelyard' && password === 'secret';
        callback(isKnown ? null : new Error('Who are you?'), { user: username });
      },
      onMailFrom(_address, _session, callback) {
        callback(state.isUp ? null : Object.assign(new Error('Try again later'), { responseCode: 451 }));
      },
      async onData(stream, _session, callback) {
        state.mails.push(Buffer.concat(await stream.toArray()).toString());
        if (state.losesAnswers-- > 0) callback(Object.assign(new Error('Lost'), { responseCode: 421 }));
        else callback();
      },
    });
    const url = await listenOnFreePort(server.server as Server);
    state.environment = {
      MODELYARD_SMTP_URL: url.replace('http://', 'smtp://modelyard:secret@'),
      MODELYARD_SMTP_FROM: FROM,
    };
    return state;
  }

  it('reaches a mail server by SMTP, with what has happened', async () => {
    const mailbox = await receiver();
    const { drifts, pass, lifecycle } = await alertsOn(lifecycles, TO, mailbox);

    await drifts(1);
    await pass(5000);

    expect(mailbox.mails).toHaveLength(1);
    const [mail = ''] = mailbox.mails;
    expect([headerOf(mail, 'To'), headerOf(mail, 'From')]).toEqual(['ann@example.com', FROM]);
    expect(headerOf(mail, 'Subject')).toMatch(/^Alert: age of m has drifted/);
    expect(mail).toContain('"type": "alert.firing"');
    const { query } = await alertsDatabase(lifecycle);
    expect(await query.selectFrom('deliveries').select('state').execute()).toEqual([{ state: 'delivered' }]);
  });

  it('is there once after an hour in which its server refuses, with one id however often it was tried', async () => {
    const mailbox = await receiver();
    const { drifts, pass } = await alertsOn(lifecycles, TO, mailbox);
    const driftAll = async (hour: number) => {
      for (const feature of FEATURES) await drifts(hour, feature);
    };

    mailbox.isUp = false;
    await driftAll(1);
    await pass(HOUR_MS, HOUR_MS / 8);
    expect(mailbox.mails).toEqual([]);
    mailbox.isUp = true;
    mailbox.losesAnswers = 1;
    for (let hour = 3; hour < 12; hour++) {
      await driftAll(hour);
      await pass(HOUR_MS, HOUR_MS);
    }

    const ids = mailbox.mails.map((mail) => headerOf(mail, 'Message-ID'));
    // One was taken although its sender was told otherwise: mail programs show it once, by its id.
    expect(ids).toHaveLength(FEATURES.length + 1);
    expect(new Set(ids).size).toBe(FEATURES.length);
  });

  it('goes by Amazon SES where that is its server', { timeout: 120_000 }, async () => {
    if ((await findDsqlProxy('mail by Amazon SES')) === undefined) return;
    const scratch = await mkdtemp(join(tmpdir(), 'modelyard-ses-'));
    const place = { root: ROOT, scratch, signal: new AbortController().signal };
    await using emulator = await startEmulator(place);
    for (const [name, value = ''] of Object.entries(emulator.environment)) {
      if (name.startsWith('AWS_')) vi.stubEnv(name, value);
    }
    await new SESv2Client().send(new CreateEmailIdentityCommand({ EmailIdentity: FROM }));
    const environment = { MODELYARD_SMTP_URL: 'ses:', MODELYARD_SMTP_FROM: FROM };
    const { drifts, pass, lifecycle } = await alertsOn(lifecycles, TO, { environment });

    await drifts(1);
    await pass(5000);

    const { query } = await alertsDatabase(lifecycle);
    const [delivery] = await query.selectFrom('deliveries').select(['state', 'attempts']).execute();
    expect(delivery).toMatchObject({ state: 'delivered' });
    const answer = await fetch(`${emulator.endpoint}/_ministack/ses/messages`);
    const { messages } = (await answer.json()) as { messages: Record<string, { Source: string; To: string[] }[]> };
    expect(Object.values(messages).flat()).toMatchObject([{ Source: FROM, To: ['ann@example.com'] }]);
    vi.unstubAllEnvs();
    await rm(scratch, { recursive: true, force: true });
  });
});
