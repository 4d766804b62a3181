import type { Clock } from '../clock.ts';

/** How a model starts from a new image, as its platform shows it. */
export interface StartLook {
  /** Instances that should run. */
  readonly desired: number;
  /** An instance of this image is ready. */
  readonly isHealthy: boolean;
  /** Why instances of this image ended before they were, oldest first. */
  readonly failures: readonly string[];
}

/** Starts instances to see whether an image works. Rejects with `registry_unavailable`. */
export interface StartTests {
  /** Undefined for a model that the platform does not run. `image`: a version of its instances. */
  look(model: string, image: string): Promise<StartLook | undefined>;
  setDesired(model: string, desired: number): Promise<void>;
  /** Whether a deployment goes back to what ran before. */
  isRollingBack(deployment: string): Promise<boolean>;
}

interface TestDeps {
  readonly tests: StartTests;
  readonly clock: Clock;
}

const LOOK_MS = 5_000;
/** Less than a function may run. A model has 300 s for its setup, and Fargate a minute for the image. */
const PATIENCE_MS = 12 * 60_000;
/** One may end for reasons of its machine. */
const MAX_FAILURES = 2;

/**
 * Starts one instance of a sleeping model. Resolves with why its image does not start, or with undefined when it does;
 * the model then sleeps again when it is idle. A model that is awake is not tested: its roll-out shows the same.
 */
export async function testStart(
  { tests, clock }: TestDeps,
  { model, image, deployment }: { readonly model: string; readonly image: string; readonly deployment: string },
): Promise<string | undefined> {
  // What ran before must come back, whether it starts or not.
  if (await tests.isRollingBack(deployment)) return undefined;
  const before = await tests.look(model, image);
  if (!before || before.desired > 0) return undefined;
  const until = clock.now() + PATIENCE_MS;
  let look: StartLook | undefined = before;
  while (look && clock.now() < until) {
    if (look.isHealthy) return undefined;
    const failures = look.failures.slice(before.failures.length);
    if (failures.length >= MAX_FAILURES) return failed(tests, model, `Its instances end: ${failures.at(-1)}`);
    // The collector may have put it to sleep in between.
    if (look.desired === 0) await tests.setDesired(model, 1);
    await clock.sleep(LOOK_MS);
    look = await tests.look(model, image);
  }
  return failed(tests, model, `No instance was ready within ${PATIENCE_MS / 60_000} minutes.`);
}

/** Without tasks, ECS would start instances again and again. */
async function failed(tests: StartTests, model: string, reason: string): Promise<string> {
  await tests.setDesired(model, 0);
  return `The new image of ${model} does not start. ${reason}`;
}
