import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { MessageType } from '#contract';
import { WineRequest, WineResponse } from '#test/fixtures/proto/gen/models/fastapi_wine.ts';
import * as mlflow from '#test/fixtures/proto/gen/models/mlflow_wine.ts';
import * as mlserver from '#test/fixtures/proto/gen/models/mlserver_wine.ts';
import { pythonBackend } from '#test/support/python.ts';

const SERVED = join(import.meta.dirname, '../../fixtures/served');
const INSTALL_MS = 1_200_000;
const WINE = { alcohol: 14.2, flavanoids: 3.1, proline: 1065 };

/** Starts a server as its own packages do, and resolves with its answer. */
async function answerOf<Q, A>(name: string, types: readonly [MessageType<Q>, MessageType<A>], request: Partial<Q>) {
  const launched = (await pythonBackend(join(SERVED, name))).launch();
  onTestFinished(() => launched.close());
  await launched.setUp(undefined, new AbortController().signal);
  const body = types[0].encode(request);
  const [answer] = await Promise.all(launched.run([{ taskId: 'task', attempt: 1, trace: undefined, body }]).answers);
  return answer && 'response' in answer ? types[1].decode(answer.response) : answer;
}

describe('a server that knows nothing of Modelyard', () => {
  it(
    'can be a FastAPI app',
    async () => {
      const features = [14.23, 1.71, 2.43, 15.6, 127, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065];

      const answer = await answerOf('fastapi_wine', [WineRequest, WineResponse], { features });

      expect(answer).toEqual({ cultivar: 'class_0' });
    },
    INSTALL_MS,
  );

  if (!process.env.REQUIRE_PEERS) {
    it.todo('can be `mlflow models serve` or MLServer, where REQUIRE_PEERS is set');
    return;
  }

  it(
    'can be `mlflow models serve`',
    async () => {
      const types = [mlflow.WineRequest, mlflow.WineResponse] as const;

      const answer = await answerOf('mlflow_wine', types, { dataframe_records: [WINE, WINE] });

      expect(answer).toEqual({ predictions: ['class_0', 'class_0'] });
    },
    INSTALL_MS,
  );

  it(
    'can be MLServer',
    async () => {
      const answer = await answerOf('mlserver_wine', [mlserver.WineRequest, mlserver.WineResponse], WINE);

      expect(answer).toEqual({ cultivar: 'class_0' });
    },
    INSTALL_MS,
  );
});
