/**
 * Memory of every handler, chosen with `npm run bench:handler`: the submit handler uses 110 MiB for usual bodies and
 * 190 to 220 MiB for the largest that Lambda accepts. A prediction takes 2.5 ms of a core: 17 ms with 256 MiB and 9 ms
 * with 512, but waiting time would cost twice as much. A cold start gets a full core with any memory.
 */
export const HANDLER_MEMORY_MIB = 256;
