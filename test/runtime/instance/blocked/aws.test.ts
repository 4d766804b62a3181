import { provision } from '#local/provision.ts';
import { blockedModelContract } from '#test/contracts/blocked-model.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();

blockedModelContract('the emulators of AWS', async () => {
  await provision(aws.settings, ['in_slots']);
  return aws.open();
});
