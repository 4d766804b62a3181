import { callLogContract } from '#test/contracts/call-log.contract.ts';
import { userStoreContract } from '#test/contracts/user-store.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();

userStoreContract('DynamoDB', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { users: platform.users, cutOff };
});

callLogContract('DynamoDB', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { calls: platform.calls, cutOff };
});
