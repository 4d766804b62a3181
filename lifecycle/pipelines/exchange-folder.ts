import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

// Runs beside the container of a stage on ECS, which knows nothing of AWS: `fetch` fills its folder before it starts, and
// `store` sends the outputs away after it has ended. The URL is presigned.
const [, , verb, url = '', folder = '/modelyard'] = process.argv;
const file = `${folder}/.${verb}.tar`;

async function tar(...args: string[]): Promise<void> {
  const [code] = await once(spawn('tar', ['-C', folder, ...args], { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`tar has ended with exit code ${code}.`);
}

async function checked(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`The store answered ${response.status}: ${await response.text()}`);
  return response;
}

if (verb === 'fetch') {
  const { body } = await checked(await fetch(url));
  if (body) await pipeline(Readable.fromWeb(body), createWriteStream(file));
  await tar('-xf', file);
  // The user of the container is not known.
  for (const path of [folder, `${folder}/outputs`]) await chmod(path, 0o777);
} else {
  await tar('-cf', file, './outputs');
  const { size } = await stat(file);
  const headers = { 'Content-Length': String(size) };
  const body = Readable.toWeb(createReadStream(file)) as ReadableStream;
  await checked(await fetch(url, { method: 'PUT', headers, body, duplex: 'half' } as RequestInit));
}
await rm(file, { force: true });
