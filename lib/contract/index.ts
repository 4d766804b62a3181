export { compareContracts, type RequestReading, requestReading } from './compare/compare-contracts.ts';
export type { ContractDifference } from './compare/comparison.ts';
export {
  type Contract,
  contractHash,
  contractOf,
  type EmbeddedFile,
  embeddedFile,
  type MessageType,
  messageType,
} from './contract.ts';
export type { ContractCodec, MessageCodec } from './contract-codec.ts';
export { jsonSchemaOf, type SchemaSet, schemaSetOf } from './describe/json-schema.ts';
export { protoFilesOf, protoSourceOf } from './describe/proto-source.ts';
export type { JsonSchema, Side } from './describe/value-schemas.ts';
export { exampleOf } from './describe/value-schemas.ts';
export type { FieldDescriptor, MessageDescriptor } from './descriptor/model.ts';
export { type TypeIndex, typesOf } from './descriptor/type-index.ts';
export { type FieldError, InvalidMessageError, MessageLimitError, UnreadableMessageError } from './errors.ts';
export { loadCodec, loadContract } from './load-contract.ts';
export { Reader, Writer } from './wire.ts';
