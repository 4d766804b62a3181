import type { Platform } from '#platform/platform.ts';
import type { EarlierBuild } from '#test/contracts/earlier-build.contract.ts';
import { redisHash } from '#test/fixtures/earlier-build.ts';

/** On a platform that the earlier build did not have or that keeps nothing: only the message is of that build. */
export const earlierMessageOn = (platform: Platform): EarlierBuild => ({
  platform,
  async keep(state) {
    const { id = '', model = '', owner = '', contractHash = '', requestHash = '', ...numbers } = redisHash(state);
    const [createdAt, deadlineAt, retainedUntil] = [numbers.createdAt, numbers.deadlineAt, numbers.retainedUntil];
    await platform.tasks.create({
      ...{ id, model, owner, contractHash, requestHash, state: 'queued', fence: 0, attempts: 0 },
      ...{ createdAt: Number(createdAt), deadlineAt: Number(deadlineAt), retainedUntil: Number(retainedUntil) },
    });
  },
  send: (body) => platform.queues('model_b').send({ body, group: 'local' }),
});
