import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const pathOf = (platform: string): string =>
  fileURLToPath(new URL(`../fixtures/upgrade/${platform}.json`, import.meta.url));

/** Reads what a build left on a platform. Bytes are `{ base64 }` in the file. */
export const readFixture = <Left>(platform: string): Left =>
  JSON.parse(readFileSync(pathOf(platform), 'utf8'), (_, value) =>
    typeof value?.base64 === 'string' ? new Uint8Array(Buffer.from(value.base64, 'base64')) : value,
  );

export function writeFixture(platform: string, left: object): void {
  writeFileSync(pathOf(platform), `${JSON.stringify(left, bytesAsBase64, 2)}\n`);
}

/** Buffers come as the result of their own `toJSON`. */
function bytesAsBase64(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const bytes = this[key];
  return bytes instanceof Uint8Array ? { base64: Buffer.from(bytes).toString('base64') } : value;
}
