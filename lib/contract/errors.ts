/** One thing wrong with one place of the input. */
export interface FieldError {
  /** RFC 6901 pointer into the body as it was sent; `""` is the whole body. */
  readonly pointer: string;
  readonly message: string;
}

/** Readable JSON that is not a valid message: unknown field, wrong type, out of range. Lists everything found wrong. */
export class InvalidMessageError extends Error {
  override readonly name = 'InvalidMessageError';
  readonly errors: readonly FieldError[];

  constructor(messageName: string, errors: readonly FieldError[]) {
    super(`The body is not a valid ${messageName}.`);
    this.errors = errors;
  }
}

/** Bytes that are not JSON or not protobuf; the message says where reading stopped. */
export class UnreadableMessageError extends Error {
  override readonly name = 'UnreadableMessageError';
}

/** A message, or its JSON, that is larger than whoever asked for it takes. */
export class MessageLimitError extends Error {
  override readonly name = 'MessageLimitError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`There are more than ${maxBytes} bytes.`);
    this.maxBytes = maxBytes;
  }
}

/** Bytes that are not protobuf of the message, or hold what JSON has no form for. */
export class MalformedWireError extends Error {
  override readonly name = 'MalformedWireError';
}
