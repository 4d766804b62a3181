import type { EndOf, Principal, TaskStore, UserQuota } from '#core';
import type { AwsSettings, DynamoAccess } from './aws.ts';
import { readChoice } from './environment.ts';
import * as ENV from './environment-names.ts';

/** Which limits of users a stage enforces. Each costs writes. */
const USER_LIMITS = ['all', 'rates', 'none'] as const;

/**
 * Limits of users for a handler on AWS. The parts that count are loaded with the first caller who has limits, so that
 * the start of a function stays as it is.
 */
export function lateUserLimits(env: NodeJS.ProcessEnv, settings: AwsSettings, access: DynamoAccess, tasks: TaskStore) {
  const kind = readChoice(env, ENV.userLimits, USER_LIMITS);
  if (kind === 'none') return {};
  const load = () => import('./aws-user-limits.ts').then((late) => late.createAwsUserLimits(settings, access, tasks));
  let loading: ReturnType<typeof load> | undefined;
  const limits = () => {
    loading ??= load();
    return loading;
  };

  function quotaOf(caller: Pick<Principal, 'id' | 'limits'>, endOf: EndOf): UserQuota | undefined {
    if (caller.limits === undefined) return undefined;
    const quota = limits().then((loaded) => loaded.quotaOf(caller, endOf));
    return {
      enter: async (ids) => (await quota)?.enter(ids) ?? ids,
      enterAgain: async (id) => (await quota)?.enterAgain(id),
      leave: async (ids) => (await quota)?.leave(ids),
    };
  }

  return {
    enterCaller: async (caller: Principal) =>
      caller.limits === undefined ? undefined : (await limits()).enter(caller),
    ...(kind === 'all' ? { quotaOf } : {}),
  };
}
