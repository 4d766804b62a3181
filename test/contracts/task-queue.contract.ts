import { describe } from 'vitest';
import { abandonedDeliveries } from './task-queue/abandoned-deliveries.ts';
import { leases } from './task-queue/leases.ts';
import { sendingAndReceiving } from './task-queue/sending-and-receiving.ts';
import { settling } from './task-queue/settling.ts';
import { stopping } from './task-queue/stopping.ts';
import type { OpenQueue } from './task-queue/support.ts';
import { turns } from './task-queue/turns.ts';

interface TaskQueueTraits {
  /** False for an emulator of a service that does. @default true */
  readonly takesTurns?: boolean;
}

/** What every `TaskQueue` promises. Each adapter's test calls this with its own way to open an empty queue. */
export function taskQueueContract(name: string, open: OpenQueue, { takesTurns = true }: TaskQueueTraits = {}): void {
  describe.concurrent(`TaskQueue contract: ${name}`, () => {
    sendingAndReceiving(open);
    settling(open);
    leases(open);
    abandonedDeliveries(open);
    stopping(open);
    if (takesTurns) turns(open);
  });
}
