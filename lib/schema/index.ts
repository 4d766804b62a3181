export { type ContractDifference, compareContracts } from './compare-contracts.ts';
export type { Contract } from './contract.ts';
export { type FieldError, InvalidMessageError, UnreadableMessageError } from './errors.ts';
export { type EmbeddedFile, embeddedFile, messageType } from './generated.ts';
export type { MessageType } from './message-type.ts';
