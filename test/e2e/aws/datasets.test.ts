import { expect, it } from 'vitest';
import { EmbeddedSystem, surroundSystems } from '#test/support/embedded-system.ts';

surroundSystems(() => ({ args: ['--platform', 'aws'], environment: {} }));

it('has a lifecycle on the emulators too, in a folder that ends with it', { timeout: 120_000 }, async () => {
  await using system = await EmbeddedSystem.start();
  const csv = 'meter,power\n1,20\n2,30\n';

  const sent = await system.fetch('/datasets/loads/files?name=loads.csv', {
    method: 'POST',
    headers: { 'Content-Type': 'text/csv', Prefer: 'wait=60' },
    body: csv,
  });

  expect(await sent.json()).toMatchObject({ version: 1, state: 'accepted', rows: 2 });
});
