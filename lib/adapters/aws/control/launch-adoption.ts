import type { AdoptedLaunch, Clock } from '#core';
import type { ControlRows } from './control-rows.ts';

/** Lets a task of the service become the oldest launch that no other task has adopted. Undefined when there is none. */
export async function adoptLaunch(
  rows: ControlRows,
  { model, taskId, clock }: { readonly model: string; readonly taskId: string; readonly clock: Clock },
): Promise<AdoptedLaunch | undefined> {
  for (const { id, variant, taskId: adoptedBy } of await rows.launches(model)) {
    if (adoptedBy !== undefined && adoptedBy !== taskId) continue;
    if (!(await rows.adopt(model, id, taskId))) continue;
    return {
      id,
      variant,
      async release() {
        await rows.release(model, { id, taskId, nowMs: clock.now() }).catch(() => undefined);
      },
    };
  }
  return undefined;
}
