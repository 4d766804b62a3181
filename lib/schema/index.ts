export type { ContractDifference } from './compare/difference.ts';
export { compareContracts } from './compare-contracts.ts';
export type { Contract } from './contract.ts';
export { type ContractCodec, type MessageCodec, openContract } from './contract-codec.ts';
export { contractHash, contractOf } from './contract-of.ts';
export { type FieldError, InvalidMessageError, UnreadableMessageError } from './errors.ts';
export { type EmbeddedFile, embeddedFile, messageType } from './generated.ts';
export { parseJson } from './json/parse-json.ts';
export type { MessageType } from './message-type.ts';
