export { type ContractDifference, compareContracts } from './compare-contracts.ts';
export type { Contract } from './contract.ts';
export { type FieldError, InvalidMessageError, UnreadableMessageError } from './errors.ts';
export type { MessageType } from './message-type.ts';
