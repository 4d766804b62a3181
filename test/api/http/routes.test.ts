import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRouter } from '#api/http/router.ts';
import { HANDLER_NAMES, ROUTES } from '#api/http/routes.ts';

const lambdas = readdirSync(new URL('../../../lambdas', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('the route table', () => {
  it('has each method and path once', () => {
    const keys = ROUTES.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);

    expect(new Set(keys).size).toBe(keys.length);
  });

  it('leads to each route by its own path, whatever else matches it', () => {
    const matchPath = createRouter(ROUTES);

    for (const { method, path } of ROUTES) {
      expect(matchPath(path.replaceAll(/[{}]/g, '')).get(method)?.route.path, `${method} ${path}`).toBe(path);
    }
  });

  it('leads to every handler', () => {
    expect(new Set(ROUTES.map(({ handler }) => handler))).toEqual(new Set(HANDLER_NAMES));
  });

  it('leads to folders of lambdas', () => {
    expect(lambdas).toEqual(expect.arrayContaining([...HANDLER_NAMES]));
  });
});
