import { surroundSystems } from '#test/support/embedded-system.ts';

surroundSystems(() => ({ args: ['--platform', 'aws'], environment: {} }));
await import('../../large-payloads.test.ts');
