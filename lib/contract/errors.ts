/** A problem at one position of the input. */
export interface FieldError {
  /** RFC 6901 pointer into the body as sent; `""` is the whole body. */
  readonly pointer: string;
  readonly message: string;
}

/** Valid JSON that is not a valid message: unknown field, wrong type, out of range. Lists the problems. */
export class InvalidMessageError extends Error {
  override readonly name = 'InvalidMessageError';
  readonly errors: readonly FieldError[];

  constructor(messageName: string, errors: readonly FieldError[]) {
    super(`The body is not a valid ${messageName}.`);
    this.errors = errors;
  }
}

/** Bytes that are not JSON or not protobuf. The message has the position. */
export class UnreadableMessageError extends Error {
  override readonly name = 'UnreadableMessageError';
}

/** A message or its JSON exceeds the caller's limit. */
export class MessageLimitError extends Error {
  override readonly name = 'MessageLimitError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`There are more than ${maxBytes} bytes.`);
    this.maxBytes = maxBytes;
  }
}

/** Bytes that are not protobuf of the message, or contain a value without a JSON form. */
export class MalformedWireError extends Error {
  override readonly name = 'MalformedWireError';
}
