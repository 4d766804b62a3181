import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name?: string; readonly in?: string; readonly description?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}

interface Document {
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

/** `collection`: every operation as a collection that Postman and Bruno import. */
export const addCollection: AddVerb = (program, io) => {
  program.command('collection').action(async (_, command) => {
    const { api, url } = await sessionOf(command, io);
    const { tags, paths } = await api.request<Document>('GET', '/openapi.json?json_only=true');
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    );
    const folders = tags.map(({ name, description }) => ({
      name,
      description,
      item: operations.filter(({ operation }) => operation.tags.includes(name)).map(itemOf),
    }));
    const collection = {
      info: { name: 'Modelyard', schema: SCHEMA },
      auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
      variable: [
        { key: 'url', value: url.replace(/\/$/, '') },
        { key: 'token', value: '' },
      ],
      item: folders.filter(({ item }) => item.length > 0),
    };
    io.output.write(`${JSON.stringify(collection, null, 2)}\n`);
  });
};

function itemOf({ path, method, operation }: { path: string; method: string; operation: Operation }) {
  const { summary, description, parameters = [], requestBody } = operation;
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => segment.replace(/^\{(\w+)\}$/, ':$1'));
  const queried = parameters.filter((parameter) => parameter.in === 'query');
  return {
    name: summary,
    request: {
      method,
      description,
      url: {
        raw: `{{url}}/${segments.join('/')}`,
        host: ['{{url}}'],
        path: segments,
        variable: [...path.matchAll(/\{(\w+)\}/g)].map(([, key]) => ({ key, value: '' })),
        query: queried.map(({ name, description: about }) => ({
          key: name,
          value: '',
          description: about,
          disabled: true,
        })),
      },
      header: requestBody ? [{ key: 'Content-Type', value: 'application/json' }] : [],
      ...(requestBody
        ? {
            body: {
              mode: 'raw',
              raw: JSON.stringify(requestBody.content['application/json']?.example ?? {}, null, 2),
              options: { raw: { language: 'json' } },
            },
          }
        : {}),
    },
  };
}
