import type { Logger } from '#core';
import type { Platform } from '#platform/platform.ts';

/** Reports per model how many accepted tasks end with this process, because they are only in memory. */
export async function reportUndelivered(
  queues: Platform['queues'],
  models: readonly string[],
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  await Promise.all(
    models.map(async (model) => {
      const { visible, inFlight, delayed } = await queues(model).depth();
      const lost = visible + inFlight + delayed;
      if (lost === 0) return;
      const what = lost === 1 ? '1 accepted task was' : `${lost} accepted tasks were`;
      logger.warn(`${what} still waiting and will not run: the queue ends with this process.`, { model, lost });
    }),
  );
}
