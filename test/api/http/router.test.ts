import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter } from '#api/http/router.ts';
import { aRoute } from '#test/support/a-route.ts';

const matchPath = createRouter([
  aRoute('GET', '/models/{model}/tasks/{id}'),
  aRoute('GET', '/things/{id}'),
  aRoute('GET', '/things/best'),
  aRoute('POST', '/things/{id}'),
  aRoute('GET', '/things'),
]);

const params = (path: string) => matchPath(path).get('GET')?.params;
const pathOf = (path: string) => matchPath(path).get('GET')?.route.path;

describe('matching paths', () => {
  it('decodes every parameter once', () => {
    expect(params('/models/a%2Fb/tasks/100%2525')).toEqual({ model: 'a/b', id: '100%25' });
  });

  it('prefers a literal segment to a parameter, wherever it is in the table', () => {
    expect(pathOf('/things/best')).toBe('/things/best');
    expect(pathOf('/things/worst')).toBe('/things/{id}');
    expect(matchPath('/things/best').get('POST')).toBeUndefined();
  });

  it('takes a trailing slash as none', () => {
    expect(pathOf('/things/')).toBe('/things');
  });

  it.each(['/', '/thing', '/things//', '/models//tasks/1', '/things/a/b', '/Things'])('finds nothing at %s', (path) => {
    expect(matchPath(path).size).toBe(0);
  });

  it.each(['/things/%', '/things/%zz', '/things/%c3', '/%80/x'])('refuses what cannot be decoded: %s', (path) => {
    expect(() => matchPath(path)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('gives back whatever was encoded into a segment', () => {
    const segment = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.isWellFormed());

    fc.assert(
      fc.property(segment, segment, (model, id) => {
        const path = `/models/${encodeURIComponent(model)}/tasks/${encodeURIComponent(id)}`;

        expect(params(path)).toEqual({ model, id });
      }),
    );
  });

  it('never fails with anything but a refusal', () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        try {
          matchPath(`/${path}`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_request' });
        }
      }),
    );
  });
});

describe('a literal path beside a template', () => {
  it('offers its own methods only', () => {
    const match = createRouter([aRoute('POST', '/predict/{model}'), aRoute('GET', '/predict/services')]);

    expect([...match('/predict/services').keys()]).toEqual(['GET']);
    expect([...match('/predict/model_a').keys()]).toEqual(['POST']);
  });
});
