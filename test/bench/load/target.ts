import { type Answer, type Client, wordsFor } from './client.ts';
import type { LoadOptions } from './options.ts';

/** The reason why nothing can be measured, in one sentence. */
export class NoTarget extends Error {
  override readonly name = 'NoTarget';
}

type Target = Pick<LoadOptions, 'url' | 'model' | 'body'>;

const PATIENCE_MS = 10_000;

/**
 * The request to send: the given one, or the example of the model's schema. Throws `NoTarget` when the API cannot be
 * reached or has no such model.
 */
export async function chooseBody(client: Client, { url, model, body }: Target): Promise<string> {
  const schema = await ask(client, url, `/models/${encodeURIComponent(model)}/schema`);
  if (schema.body?.type === '/problems/model-not-found') throw new NoTarget(await unknownModel(client, url, model));
  if (schema.status !== 200) {
    const detail = schema.body?.detail ?? 'the server does not seem to be this API';
    throw new NoTarget(`${url} has no schema of ${model}: ${schema.status}, ${detail}`);
  }
  if (body !== undefined) return body;
  const [example] = Array.isArray(schema.body?.examples) ? (schema.body.examples as readonly unknown[]) : [];
  if (typeof example === 'object' && example !== null && 'request' in example) return JSON.stringify(example.request);
  throw new NoTarget(`The schema of ${model} at ${url} has no example. Use --body.`);
}

async function unknownModel(client: Client, url: string, model: string): Promise<string> {
  const { body } = await ask(client, url, '/models');
  const names = Array.isArray(body?.models) ? body.models.map(({ name }: { readonly name: string }) => name) : [];
  return `There is no model "${model}" at ${url}. Active models: ${names.join(', ') || 'none'}.`;
}

async function ask(client: Client, url: string, path: string): Promise<Answer> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await client.ask({ method: 'GET', path, headers: { Accept: 'application/json' }, signal });
  } catch (cause) {
    const why = signal.aborted ? `no answer within ${PATIENCE_MS / 1000} s` : wordsFor(cause);
    throw new NoTarget(`${url} cannot be reached: ${why}.`, { cause });
  }
}
