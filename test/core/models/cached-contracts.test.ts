import { expect, it } from 'vitest';
import { MemoryContractStore } from '#adapters/memory/index.ts';
import { type Contract, cachedContracts } from '#core';
import { chainContract } from '#test/support/contract-chain.ts';

const [ONE, TWO] = [chainContract(1), chainContract(2)];

it('reads each contract once, and asks again for one that was missing', async () => {
  const store = new MemoryContractStore();
  await store.put(ONE);
  const asked: string[] = [];
  const get = (hash: string) => {
    asked.push(hash);
    return store.get(hash);
  };
  const contracts = cachedContracts({ put: store.put.bind(store), get });

  await Promise.all([contracts.get(ONE.hash), contracts.get(ONE.hash), contracts.get(TWO.hash)]);
  await contracts.put(TWO);
  const found = [await contracts.get(ONE.hash), await contracts.get(TWO.hash)];

  expect(found).toEqual([ONE, TWO]);
  expect(asked).toEqual([ONE.hash, TWO.hash, TWO.hash]);
});

it('refuses another contract than it asked for', async () => {
  const confused = { put: async () => undefined, get: async (hash: string): Promise<Contract> => ({ ...TWO, hash }) };

  await expect(cachedContracts(confused).get(ONE.hash)).rejects.toMatchObject({ code: 'internal' });
});
