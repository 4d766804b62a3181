import type { Logger } from '#core';

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
