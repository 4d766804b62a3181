import { type FailedInstance, type Logger, reportFailedStart } from '#core';
import type { Platform } from '#platform/platform.ts';

type Deps = Pick<Platform, 'registry' | 'clock'> & { readonly logger: Logger };

/** Shows callers and operators why an instance did not start. Never rejects: the log has the reason too. */
export async function showFailedStart(
  { registry, clock, logger }: Deps,
  instance: FailedInstance,
  error: unknown,
): Promise<void> {
  try {
    await reportFailedStart({ registry, clock }, instance, reasonOf(error));
  } catch (cause) {
    logger.warn('The failed start could not be registered.', { reason: String(cause) });
  }
}

/** The message of an error, with the name of the file and the line in which the model's code threw it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = placeOf(error.stack ?? '');
  const message = error.message.trim() || error.name;
  return place === undefined || message.includes(place) ? message : `${message} (${place})`;
}

const NODE_PLACE = /([\w.-]+\.[cm]?[jt]s):(\d+)/;
const PYTHON_PLACE = /([\w.-]+\.py)", line (\d+)/g;

/** Python prints the innermost frame last, Node first. */
function placeOf(stack: string): string | undefined {
  const [, file, line] = [...stack.matchAll(PYTHON_PLACE)].at(-1) ?? NODE_PLACE.exec(stack) ?? [];
  return file === undefined ? undefined : `${file}:${line}`;
}
