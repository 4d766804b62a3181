/**
 * Memory of every handler. Measured by `npm run bench:handler` with the bundle of the submit handler: 110 MiB with
 * usual bodies and 190 to 220 MiB with the largest that Lambda takes, so less than this does not hold them. A
 * prediction takes 2.5 ms of a processor, which is 17 ms on the share that comes with 256 MiB and 9 ms with 512:
 * more would be paid for while the handler waits. A cold start gets a whole processor whatever the memory.
 */
export const HANDLER_MEMORY_MIB = 256;
