import { createMemoryPlatform } from '#platform/memory.ts';
import { earlierMessagesContract } from '#test/contracts/earlier-build.contract.ts';
import { earlierMessageOn } from '#test/support/earlier-build.ts';

earlierMessagesContract('memory', async () => earlierMessageOn(createMemoryPlatform({ pollMs: 1000 })));
