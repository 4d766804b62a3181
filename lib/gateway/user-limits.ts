import type { HandlerDeps } from '#api';
import { eraseEverywhere } from '#api/erase-traces.ts';
import { createTaskQuota, type Principal, RequestLimit, UsageLedger } from '#core';
import type { FullPlatform } from '#platform/platform.ts';

/** Limits of users in a gateway, shared with all other gateways of the system. */
export interface UserLimiter {
  /** Call for every request of a known user. Rejects with `too_many_requests`. */
  readonly enter: (caller: Principal) => Promise<void>;
  readonly deps: Pick<HandlerDeps, 'quotaOf' | 'eraseUser'>;
}

export function createUserLimiter(platform: FullPlatform): UserLimiter {
  const { usage, tasks, clock } = platform;
  const ledger = new UsageLedger(usage, clock);
  const requests = new RequestLimit(ledger, clock);
  return {
    enter: (caller) => requests.enter(caller),
    deps: {
      quotaOf: ({ id, limits }, endOf) => limits && createTaskQuota({ ledger, tasks, clock, endOf }, id, limits),
      eraseUser: (id) => eraseEverywhere(platform, id),
    },
  };
}
