import { taskStoreContract } from '#test/contracts/task-store.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();

taskStoreContract('DynamoDB', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { store: platform.tasks, cutOff };
});
