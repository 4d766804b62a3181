import { describe, expect, it } from 'vitest';
import { post, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';

const system = new DeployedSystem(process.env.MODELYARD_E2E_GUARDED_URL ?? '');

const as = (name: string) => ({ Authorization: `Bearer ${name}` });

const predict = (headers: Readonly<Record<string, string>>) =>
  post(system, '/predict/model_a', { data: 'guarded' }, headers);

describe('an API that asks an authorizer', () => {
  it.each<Record<string, string>>([{}, { Authorization: 'Basic bWU6bWU=' }])(
    'answers 401 to nobody in particular: %o',
    async (headers) => {
      const response = await predict(headers);

      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ type: '/problems/unauthenticated' });
    },
  );

  it('answers 403 to whom it does not want', async () => {
    const response = await predict(as('stranger'));

    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ type: '/problems/forbidden' });
  });

  it('lets everybody else in, on every route of their role, by the one answer that it keeps', async () => {
    const predicted = await predict(as('anna'));
    const { id, state } = (await predicted.json()) as TaskBody;

    const answers = await Promise.all(
      [`/tasks/${id}`, '/tasks', '/models', '/models/model_a/instances', '/metrics'].map((path) =>
        system.fetch(path, { headers: as('anna') }),
      ),
    );

    expect([predicted.status, state]).toEqual([200, 'succeeded']);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 403, 403]);
  });

  it('makes tasks the property of whom it names', async () => {
    const { id } = (await (await predict(as('berta'))).json()) as TaskBody;

    const [own, foreign, list] = await Promise.all([
      system.fetch(`/tasks/${id}`, { headers: as('berta') }),
      system.fetch(`/tasks/${id}`, { headers: as('carla') }),
      system.fetch('/tasks', { headers: as('carla') }),
    ]);

    expect([own.status, foreign.status]).toEqual([200, 404]);
    expect(((await list.json()) as { readonly tasks: unknown }).tasks).toEqual([]);
  });

  it.each(['/docs', '/openapi.json', '/healthz', '/readyz'])('asks nobody about %s', async (path) => {
    const response = await system.fetch(path);

    expect(response.status).toBe(200);
  });
});
