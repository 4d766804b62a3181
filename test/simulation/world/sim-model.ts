import { InvalidInput, type ModelDefinition, type PredictContext } from '#runtime/define-model.ts';
import type { Actor } from '../engine/engine.ts';
import { SimClock } from '../engine/sim-clock.ts';
import type { Run } from '../oracle/oracle.ts';
import type { Version } from './mixed-contracts.ts';
import { requestType, responseType, type SimRequest, type SimResponse } from './requests.ts';
import type { World } from './world.ts';

export const MODEL = 'model_s';

type Told = Pick<PredictContext, 'signal' | 'progress'>;
type SimDefinition = ModelDefinition<unknown, unknown, unknown>;

/** The simulated model as its author would define it, in one process. Every run is recorded. */
export function simModel(world: World, process: Actor, version: Version): SimDefinition {
  const { oracle, network } = world;
  const { model } = world.scenario;
  const clock = new SimClock(world.engine, process);
  const common = {
    manifest: { name: MODEL, description: 'Simulated.', ...model },
    request: requestType,
    response: responseType,
  };

  async function answer(request: SimRequest, run: Run, { signal, progress }: Told): Promise<SimResponse> {
    const { does, ms, number, failures = 0, answerBytes = 0, uses = 1, tells = 0 } = request;
    if (uses > version) oracle.fail('who runs a request can read it', `${process.name} ran request ${number}`);
    if (does === 'crash' || does === 'ignore') whenAborted(signal, () => oracle.abortIgnored(run));
    if (does === 'crash') {
      await clock.sleep(ms);
      oracle.runEnded(run, 'crashed');
      world.kill(process, `of request ${number}`);
      return new Promise(() => undefined);
    }
    if (does === 'ignore') return new Promise(() => undefined);
    if (does === 'block') {
      network.freeze(process, ms);
      // The process is blocked until the end of this.
      await clock.sleep(0);
    } else {
      for (let told = 1; told <= tells && !signal.aborted; told++) {
        await clock.sleep(ms / (tells + 1), signal);
        progress(told / (tells + 1), `Told ${told} of ${tells}.`);
      }
      await clock.sleep(ms / (tells + 1), signal);
    }
    if (signal.aborted) {
      oracle.runEnded(run, 'aborted');
      throw new Error('Aborted.');
    }
    if (does === 'refuse') {
      oracle.runEnded(run, 'refused');
      throw new InvalidInput(`Request ${number} is refused.`);
    }
    if (does === 'fail' || (does === 'flaky' && oracle.history.runsOf(run.taskId).length <= failures)) {
      oracle.runEnded(run, 'failed');
      throw new Error(`Request ${number} failed.`);
    }
    oracle.runEnded(run, 'answered');
    return { to: number, run: run.number, ...(answerBytes > 0 ? { padding: 'x'.repeat(answerBytes) } : {}) };
  }

  const definition: ModelDefinition<SimRequest, SimResponse, undefined> = model.batching
    ? {
        ...common,
        predictBatch(_state, requests, { tasks, signal }) {
          const runs = requests.map((request, i) => oracle.runStarted(tasks[i]?.taskId ?? '', request, process));
          return Promise.all(
            requests.map((request, i) => {
              const { progress = () => undefined } = tasks[i] ?? {};
              return answer(request, runs[i] as Run, { signal, progress }).catch((error: Error) => error);
            }),
          );
        },
      }
    : {
        ...common,
        predict: (_state, request, { taskId, ...context }) =>
          answer(request, oracle.runStarted(taskId, request, process), context),
      };
  return definition as SimDefinition;
}

function whenAborted(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener('abort', then, { once: true });
}
