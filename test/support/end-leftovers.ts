import { afterAll } from 'vitest';
import { endLeftovers } from './child-processes.ts';

// Every test file runs with this. Hooks of the file run before it.
afterAll(endLeftovers);
