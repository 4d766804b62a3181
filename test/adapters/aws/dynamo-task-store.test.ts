import { expect, it } from 'vitest';
import { taskStoreContract } from '#test/contracts/task-store.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const aws = useEmulatedAws();

taskStoreContract('DynamoDB', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { store: platform.tasks, cutOff };
});

it('keeps tasks without lists of them where that is wanted, and says so when asked for one', async () => {
  const { tasks } = aws.open({ listsTasks: false });
  const listed = aws.open().tasks;
  const task = aFreshTask();

  await tasks.create(task);

  expect(await tasks.get(task.id)).toEqual(task);
  await expect(tasks.list({ owner: task.owner, limit: 5 })).rejects.toMatchObject({ code: 'route_not_found' });
  expect((await listed.list({ owner: task.owner, limit: 100 })).tasks.map(({ id }) => id)).not.toContain(task.id);
});

it('shows a task to cheaper reads too', async () => {
  const { tasks } = aws.open();
  const task = aFreshTask();

  await tasks.create(task);

  expect(await tasks.peek?.(task.id)).toEqual(task);
  expect(await tasks.peek?.('another')).toBeUndefined();
});
