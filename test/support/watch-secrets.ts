import { afterAll, expect } from 'vitest';
import { watchOutput } from './output-taps.ts';
import { SecretWatch } from './secret-watch.ts';

/*
 * Every test file runs with this: what child processes and in-process gateways log, and what answers say of errors and
 * metrics, must have no secret in it. Passwords and tokens are learned from the requests and answers of the tests.
 */
const watch = new SecretWatch();
watchOutput(watch);
afterAll(() => expect(watch.findings(), 'secrets in the output').toEqual([]));
