import { isRecord, ModelyardError } from '#core';

/** The file of a version that says which columns it reads, in their order. */
export const COLUMNS_FILE = 'columns.json';

export const writeColumns = (features: readonly string[]): Uint8Array =>
  Buffer.from(`${JSON.stringify({ features })}\n`);

/** Rejects with `invalid_input` for other content. */
export async function readColumns(read: (name: string) => Promise<Uint8Array>): Promise<readonly string[]> {
  const content: unknown = JSON.parse(Buffer.from(await read(COLUMNS_FILE)).toString());
  const features = isRecord(content) ? content.features : undefined;
  if (Array.isArray(features) && features.every((name) => typeof name === 'string')) return features;
  throw new ModelyardError('invalid_input', `The file ${COLUMNS_FILE} names no columns.`);
}
