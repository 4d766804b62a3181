import process from 'node:process';

/**
 * Preloaded into every instance (`node --import`): ties its life to the supervisor's. The IPC channel closes
 * when the supervisor dies, however hard; queue, store and registry are gone with it, so there is nothing
 * left to finish.
 */

/** For whatever the model does when it is told to stop. */
const LAST_WORDS_MS = 1_000;

process.on('disconnect', () => setTimeout(() => process.exit(1), LAST_WORDS_MS).unref());
// The listener alone would keep an instance alive that has nothing left to do.
process.channel?.unref();

// Ctrl-C reaches every process of the terminal; when an instance stops is decided by its supervisor.
process.on('SIGINT', () => undefined);
