import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { createDynamoDbClient } from '#adapters/aws/index.ts';
import { contractHash, contractOf } from '#contract';
import { registerInstance, STAGE_MODEL } from '#core';
import { provision } from '#local/provision.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { blobStoreContract } from '#test/contracts/blob-store.contract.ts';
import { contractStoreContract } from '#test/contracts/contract-store.contract.ts';
import { modelRegistryContract } from '#test/contracts/model-registry.contract.ts';
import { predictionLogContract } from '#test/contracts/prediction-log.contract.ts';
import { statsStoreContract } from '#test/contracts/stats-store.contract.ts';
import { transfersContract } from '#test/contracts/transfers.contract.ts';
import { webhookStoreContract } from '#test/contracts/webhook-store.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

const aws = useEmulatedAws();

modelRegistryContract('DynamoDB', async () => {
  const registryTable = await aws.newRegistryTable();
  const { platform, cutOff } = await aws.openBehindGate({ registryTable });
  return { registry: platform.registry, cutOff };
});

contractStoreContract('DynamoDB and S3', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { contracts: platform.contracts, cutOff };
});

predictionLogContract('SQS, DynamoDB and S3', async () => {
  await provision(aws.settings, [STAGE_MODEL]);
  return aws.open();
});

statsStoreContract('DynamoDB', async () => aws.open().stats);

blobStoreContract('S3', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { blobs: platform.blobs, cutOff };
});

transfersContract('S3', async () => aws.open());

webhookStoreContract('DynamoDB and SQS', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { webhooks: platform.webhooks, cutOff };
});

describe('the registry in DynamoDB', () => {
  it('skips rows that cannot be read, and shows the others', async () => {
    const registryTable = await aws.newRegistryTable();
    const { registry } = aws.open({ registryTable });
    await registry.writeModel(aModel());
    await registry.putInstance(anInstance());
    const client = createDynamoDbClient(aws.settings);
    const rows = [
      { kind: 'model', name: 'broken', document: '{"name": "broken"' },
      { kind: 'model', name: 'strange', document: '{"name": "strange"}' },
      { kind: 'instance', name: 'model_a/broken', document: 'null' },
      { kind: 'instance', name: 'model_a/strange', document: '{"id": "strange", "slots": "many"}' },
    ];

    for (const { kind, name, document } of rows) {
      const Item = {
        kind: { S: kind },
        name: { S: name },
        document: { S: document },
        expiresAt: { N: '4000000000000' },
      };
      await client.send(new PutItemCommand({ TableName: registryTable, Item }));
    }
    const { models, instances } = await registry.snapshot();
    client.destroy();

    expect([models.map(({ name }) => name), instances.map(({ id }) => id)]).toEqual([['model_a'], ['i1']]);
    await expect(registry.readModel('broken')).rejects.toMatchObject({ code: 'internal', retryable: false });
  });

  it('lets a model register whose descriptor is larger than a row', async () => {
    const platform = aws.open({ registryTable: await aws.newRegistryTable() });
    const { hash: _, ...small } = contractOf(ModelARequest, ModelAResponse);
    const large = { ...small, descriptorSet: Buffer.concat([small.descriptorSet, fileNamed('x'.repeat(500_000))]) };
    const contract = { ...large, hash: contractHash(large) };
    const { name: _name, contracts: _contracts, version: _version, ...manifest } = aModel();

    await registerInstance(platform, { instance: anInstance(), contract, manifest });
    const kept = await platform.contracts.get(contract.hash);

    expect((await platform.registry.readModel('model_a'))?.contracts[0]?.hash).toBe(contract.hash);
    expect(Buffer.compare(kept?.descriptorSet ?? Buffer.alloc(0), large.descriptorSet)).toBe(0);
  });
});

/** A `FileDescriptorSet` of one empty file of this name, by hand. */
function fileNamed(name: string): Buffer {
  const field = (number: number, bytes: Buffer) =>
    Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes]);
  return field(1, Buffer.concat([field(1, Buffer.from(name)), field(12, Buffer.from('proto3'))]));
}

const varint = (value: number): Buffer =>
  value < 128 ? Buffer.of(value) : Buffer.concat([Buffer.of((value & 127) | 128), varint(value >>> 7)]);
