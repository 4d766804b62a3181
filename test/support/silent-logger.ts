import type { Logger } from '#core';

/** For tests that look at what is done, not at what is said. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
