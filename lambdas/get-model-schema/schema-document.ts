import { messageSchemas } from '#api';
import { type Contract, exampleOf, type JsonSchema } from '#contract';
import type { Model } from '#core';

const REF_PREFIX = '#/$defs/';

/** One JSON Schema (2020-12) with the properties `request` and `response`. */
export function schemaDocument(
  { name, description }: Pick<Model, 'name' | 'description'>,
  contract: Contract,
): JsonSchema {
  const { request, response, schemas } = messageSchemas(contract, { refPrefix: REF_PREFIX });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: name,
    description,
    type: 'object',
    properties: {
      request: { $ref: `${REF_PREFIX}${request}` },
      response: { $ref: `${REF_PREFIX}${response}` },
    },
    $defs: schemas,
    examples: [{ request: exampleOf(contract, 'request'), response: exampleOf(contract, 'response') }],
  };
}
