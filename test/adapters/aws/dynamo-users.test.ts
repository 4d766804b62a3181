import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewUser } from '#core';
import { usageStoreContract } from '#test/contracts/usage-store.contract.ts';
import { userStoreContract } from '#test/contracts/user-store.contract.ts';
import { countAwsCalls } from '#test/support/aws-calls.ts';
import { type AwsShim, startAwsShim } from '#test/support/aws-shim.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { withRowOfRefusal } from '#test/support/row-of-refusal.ts';

const aws = useEmulatedAws();

const named = (name: string): NewUser => ({ name, role: 'user', passwordHash: 'hash', createdAt: 1 });

userStoreContract('DynamoDB', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { users: platform.users, cutOff };
});

usageStoreContract('DynamoDB', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { usage: platform.usage, cutOff };
});

describe('users in DynamoDB that says why a condition failed', () => {
  let shim: AwsShim;

  beforeAll(async () => {
    shim = await startAwsShim(aws.emulators.endpoints.dynamodb, withRowOfRefusal('place'));
  });

  afterAll(() => shim.close());

  userStoreContract('DynamoDB with the row of a refusal', async () => {
    const { platform, cutOff } = await aws.openBehindGate({ endpoints: { dynamodb: shim.url } });
    return { users: platform.users, cutOff };
  });

  it('cost one call each', async () => {
    const calls = countAwsCalls();
    const endpoints = { ...aws.settings.endpoints, dynamodb: shim.url };
    const { users } = aws.open({ onCall: calls.onCall, endpoints });

    const user = await users.create(named('thrifty'));
    const taken = await users.create(named('Thrifty'));
    await users.get(user?.id ?? '');
    await users.findByName('THRIFTY');
    await users.get('local');
    await users.update({ ...named('thrifty'), id: user?.id ?? '', version: 2 });

    expect([user?.name, taken]).toEqual(['thrifty', undefined]);
    expect(calls.counts()).toEqual({ 'DynamoDB.PutItem': 2, 'DynamoDB.GetItem': 2, 'DynamoDB.UpdateItem': 1 });
  });
});

describe('users in DynamoDB whose first answer is lost', () => {
  const writes: string[] = [];
  let shim: AwsShim;

  beforeAll(async () => {
    // The write is done, but what comes back makes the SDK try again.
    shim = await startAwsShim(aws.emulators.endpoints.dynamodb, async ({ operation }) => {
      if (operation === 'GetItem') return undefined;
      writes.push(operation);
      if (writes.length > 1) return undefined;
      return { status: 500, output: { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' } };
    });
  });

  afterAll(() => shim.close());

  const open = () => aws.open({ endpoints: { ...aws.settings.endpoints, dynamodb: shim.url } }).users;

  it('are not told that their own name is taken', async () => {
    writes.length = 0;

    const user = await open().create(named('lost.and.found'));

    expect(writes).toEqual(['PutItem', 'PutItem']);
    expect(user).toMatchObject({ name: 'lost.and.found', version: 1 });
    expect(await open().findByName('lost.and.found')).toEqual(user);
  });

  it('are changed by the one who changed them', async () => {
    const user = await aws.open().users.create(named('changed'));
    writes.length = 0;

    expect(await open().update({ ...named('changed'), id: user?.id ?? '', role: 'admin', version: 2 })).toBe(true);

    expect(writes).toEqual(['UpdateItem', 'UpdateItem']);
    expect(await open().findByName('changed')).toMatchObject({ role: 'admin', version: 2 });
  });
});
