import { afterAll } from 'vitest';
import type { JsonObject, LifecycleService } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';
import { runStage } from '#lifecycle/run-stage.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { useDatabases } from './databases.ts';

/** A lifecycle on files, whose stages run in this process. */
export interface TestLifecycle {
  open(environment?: NodeJS.ProcessEnv): Promise<Lifecycle>;
  /** Runs a stage as a worker does. */
  run(lifecycle: Lifecycle, service: LifecycleService, stage: string, args: JsonObject): Promise<JsonObject>;
}

/** Call at the top of a test file. */
export function useLifecycle(): TestLifecycle {
  const folders = useDataFolders();
  const newDatabases = useDatabases();
  const never = new AbortController();
  let runs = 0;
  afterAll(() => never.abort());
  return {
    async open(environment = {}) {
      return openLifecycle(
        await folders.open({ environment: { ...(await newDatabases()), ...environment } }),
        silentLogger,
      );
    },
    run(lifecycle, service, stage, args) {
      runs += 1;
      const request = { service, stage, arguments_json: JSON.stringify(args), owner: 'someone' };
      return runStage(lifecycle, request, { taskId: `task-${runs}`, attempt: 1, signal: never.signal });
    },
  };
}
