import { taskQueueContract } from '#test/contracts/task-queue.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();

taskQueueContract(
  'SQS',
  async () => {
    const model = await aws.newModel();
    const { platform, cutOff } = await aws.openBehindGate();
    return { queue: platform.queues(model), elsewhere: aws.open().queues(model), cutOff };
  },
  { takesTurns: false },
);
