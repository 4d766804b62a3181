import { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { SecretWatch } from './secret-watch.ts';
import { listenToSilence } from './silent-logger.ts';

let watch: SecretWatch | undefined;
let sources = 0;

/** Gives this watch the output and the secrets of the current test file. The file shares its process with others. */
export function watchOutput(next: SecretWatch): void {
  watch = next;
}

/** These print passwords and keys, once and on purpose. */
const PRINTS_SECRETS = /bin\/(users|modelyard)\.ts|\brun users|users\.mjs|openssl/;
const SECRET_FIELDS = ['password', 'access_token', 'refresh_token', 'key'] as const;
const MAKES_SECRETS = /\/(login|refresh|keys)$/;

watchChildren();
watchAnswers();
listenToSilence((line) => watch?.note('a log', line));

/** Reads along what child processes write, without changing when their streams flow. */
function watchChildren(): void {
  const prototype = ChildProcess.prototype as unknown as {
    spawn: (this: ChildProcess, options: { args?: string[]; envPairs?: string[] }) => unknown;
  };
  const { spawn } = prototype;
  prototype.spawn = function spawnWatched(options) {
    const outcome = spawn.call(this, options);
    for (const pair of options.envPairs ?? []) plantSetting(pair);
    const command = (options.args ?? []).join(' ');
    if (PRINTS_SECRETS.test(command)) return outcome;
    for (const stream of [this.stdout, this.stderr]) if (stream) readAlong(stream, command.slice(0, 120));
    return outcome;
  };
}

/** Passwords in URLs, and settings that are secrets. */
function plantSetting(pair: string): void {
  const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
  if (/PASSWORD$/.test(name)) watch?.plant(value);
  const [, password] = /^[a-z]+:\/\/[^/:@]*:([^@/]+)@/.exec(value) ?? [];
  watch?.plant(password);
}

function readAlong(stream: Readable, command: string): void {
  sources += 1;
  const source = `${command} (${sources})`;
  const push = stream.push.bind(stream);
  stream.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk) watch?.note(source, chunk.toString());
    return push(chunk, encoding);
  };
}

function watchAnswers(): void {
  const { fetch } = globalThis;
  globalThis.fetch = async function fetchWatched(input, init) {
    const url = input instanceof Request ? input.url : String(input);
    const path = URL.canParse(url) ? new URL(url).pathname : '';
    plantSent(init);
    const response = await fetch(input, init);
    const isTold = response.status >= 400 || path.endsWith('/metrics');
    if (isTold) watch?.note(`the answer of ${path}`, `${await response.clone().text()}\n`);
    else if (MAKES_SECRETS.test(path)) plantFields(await response.clone().text());
    return response;
  };
}

function plantSent(init: RequestInit | undefined): void {
  const { body } = init ?? {};
  if (typeof body === 'string' && body.includes('password')) plantFields(body);
}

function plantFields(text: string): void {
  let fields: Record<string, unknown>;
  try {
    fields = text.startsWith('{') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
  } catch {
    // Recovery: what is not JSON names no secret.
    return;
  }
  for (const name of SECRET_FIELDS) watch?.plant(fields[name]);
}
