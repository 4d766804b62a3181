import process from 'node:process';

/**
 * Preloaded into every instance (`node --import`): ends the instance when the supervisor ends. The IPC channel closes
 * even after SIGKILL. Queue, store and registry end with the supervisor, so no work can be finished.
 */

/** Time for the stop handlers of the model. */
const STOP_HANDLERS_MS = 1_000;

process.on('disconnect', () => setTimeout(() => process.exit(1), STOP_HANDLERS_MS).unref());
// Otherwise the listener would keep an idle instance alive.
process.channel?.unref();

// Ctrl-C reaches every process of the terminal. The supervisor decides when an instance stops.
process.on('SIGINT', () => undefined);
