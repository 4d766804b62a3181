import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createHandlerDeps, ROUTES } from '#api';
import { createBridge } from '#gateway/bridge.ts';
import { createHandlers } from '#gateway/handlers.ts';
import { eachLine } from '#local/instance-process.ts';
import type { Platform } from '#platform/platform.ts';
import { NODE_ENVIRONMENT } from '#test/support/node-environment.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Instead of a minute. It must be longer than answers may be stale anyway. */
const MAX_OUTAGE_MS = 7000;

/** A platform of which the registry alone can be made unreachable. */
export interface RegistryOutageStage {
  /** Of the API. */
  readonly platform: Platform;
  /** By which an instance finds the same. */
  readonly environment: Readonly<Record<string, string>>;
  /** On the way of both to the registry. */
  readonly gate: { isShut: boolean; close(): void };
  /** Makes the registry lose this model and its instance. */
  forget(model: string, instance: string): Promise<void>;
}

const eventually = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 40_000, interval: 100 });

/** The API on a port of its own; resolves with its URL. */
async function startApi(platform: Platform): Promise<string> {
  const deps = createHandlerDeps({ auth: 'none', platform, logger: silentLogger, maxOutageMs: MAX_OUTAGE_MS });
  const bridge = createBridge({ routes: ROUTES, handlers: createHandlers(deps), logger: silentLogger });
  const { url } = await bridge.listen(0, '127.0.0.1');
  onTestFinished(() => bridge.close());
  return url;
}

interface RunningInstance {
  readonly child: ChildProcess;
  readonly told: readonly string[];
}

/** An instance of model_b in a process of its own, and what it tells. */
function startInstance(environment: Readonly<Record<string, string>>): RunningInstance {
  const told: string[] = [];
  const child = spawn(process.execPath, [`${ROOT}model-containers/runtime/instance/main.ts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...NODE_ENVIRONMENT,
      ...environment,
      MODELYARD_MODEL: `${ROOT}model-containers/models/model_b`,
      MODELYARD_INSTANCE_ID: 'survivor',
    },
  });
  const exit = once(child, 'close');
  eachLine(child.stdout, (line) => told.push(String((JSON.parse(line) as { message: unknown }).message)));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exit;
  });
  return { child, told };
}

/** What a running system does on every platform while its registry is away. */
export function registryOutageContract(name: string, open: () => Promise<RegistryOutageStage>): void {
  describe(`while the registry of a running system is away: ${name}`, () => {
    it('instances go on and register anew, the API answers from what it knows, then 503, then as before', {
      timeout: 90_000,
    }, async () => {
      const { platform, environment, gate, forget } = await open();
      onTestFinished(() => gate.close());
      const url = await startApi(platform);
      const { child, told } = startInstance(environment);
      const names = async () =>
        ((await (await fetch(`${url}/models`)).json()) as { models?: { name: string }[] }).models?.map(
          ({ name }) => name,
        );
      const predict = () =>
        fetch(`${url}/predict/model_b`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: '{"value": 3, "delay_seconds": 0}',
        });
      await eventually(async () => expect(await names()).toEqual(['model_b']));
      const before = await predict();

      gate.isShut = true;
      // Not from the cache that listings have anyway: this route asks the registry twice a second.
      const instances = await fetch(`${url}/models/model_b/instances`);
      const answer = await predict();
      const away = await eventually(async () => {
        const response = await fetch(`${url}/models`);
        expect(response.status).toBe(503);
        return response;
      });
      const refused = await predict();
      await forget('model_b', 'survivor');
      await eventually(async () => expect(told).toContain('A heartbeat failed.'));
      gate.isShut = false;
      await eventually(async () => expect(told).toContain('The registry is available again.'));
      await eventually(async () => expect(await names()).toEqual(['model_b']));
      const after = await predict();

      expect(instances.status).toBe(200);
      expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ state: 'succeeded' })]);
      expect(Number(away.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(await away.json()).toMatchObject({ type: '/problems/registry-unavailable', status: 503 });
      expect([refused.status, Number(refused.headers.get('retry-after')) >= 1]).toEqual([503, true]);
      expect([before.status, after.status, child.exitCode]).toEqual([200, 200, null]);
    });
  });
}
