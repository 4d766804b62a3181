import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Contract, ContractStore } from '#core';

/** A store and a way to take it away. */
export interface ContractStoreUnderTest {
  readonly contracts: ContractStore;
  /** From now on `contracts` cannot be reached. */
  cutOff(): Promise<void>;
}

const aContract = (size: number): Contract => ({
  hash: randomUUID(),
  requestMessage: 'models.model_a.ModelARequest',
  responseMessage: 'models.model_a.ModelAResponse',
  descriptorSet: Uint8Array.from({ length: size }, (_, index) => (index * 13) & 255),
});

/** What every `ContractStore` promises. Each adapter's test calls this with its own way to reach one. */
export function contractStoreContract(name: string, open: () => Promise<ContractStoreUnderTest>): void {
  describe(`ContractStore contract: ${name}`, () => {
    it.each([200, 350_000, 700_000])('keeps a contract with a descriptor set of %i bytes', async (size) => {
      const { contracts } = await open();
      const contract = aContract(size);

      await contracts.put(contract);
      const read = await contracts.get(contract.hash);

      expect(read).toMatchObject({ ...contract, descriptorSet: expect.anything() });
      expect(Buffer.compare(read?.descriptorSet ?? new Uint8Array(), contract.descriptorSet)).toBe(0);
    });

    it('knows nothing of a hash that was never put', async () => {
      const { contracts } = await open();

      expect(await contracts.get('nothing')).toBeUndefined();
    });

    it('never changes what is stored under a hash', async () => {
      const { contracts } = await open();
      const contract = aContract(50);
      await contracts.put(contract);

      await contracts.put({ ...contract, requestMessage: 'models.other.Request' });

      expect(await contracts.get(contract.hash)).toMatchObject({ requestMessage: contract.requestMessage });
    });

    it('takes the same contract from many instances at once', async () => {
      const { contracts } = await open();
      const contract = aContract(400_000);

      await Promise.all(Array.from({ length: 8 }, () => contracts.put(contract)));

      expect((await contracts.get(contract.hash))?.descriptorSet).toHaveLength(400_000);
    });

    it('says that the registry is unavailable when it cannot be reached', async () => {
      const { contracts, cutOff } = await open();
      await cutOff();
      const refused = expect.objectContaining({ code: 'registry_unavailable', retryable: true });

      await expect(contracts.put(aContract(10))).rejects.toEqual(refused);
      await expect(contracts.put(aContract(400_000))).rejects.toEqual(refused);
      await expect(contracts.get('any')).rejects.toEqual(refused);
    });
  });
}
