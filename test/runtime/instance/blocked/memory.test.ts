import { createMemoryPlatform } from '#platform/memory.ts';
import { blockedModelContract } from '#test/contracts/blocked-model.contract.ts';

blockedModelContract('memory', async () => createMemoryPlatform());
