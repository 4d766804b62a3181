import type { Contract } from '../contract.ts';
import { UnreadableMessageError } from '../errors.ts';
import type { EnumDescriptor, FileDescriptor, MessageDescriptor } from './model.ts';
import { readDescriptorSet } from './read.ts';

/** All types of a descriptor set by full name. */
export class TypeIndex {
  readonly files: readonly FileDescriptor[];
  readonly #messages = new Map<string, MessageDescriptor>();
  readonly #enums = new Map<string, EnumDescriptor>();
  readonly #files = new Map<string, FileDescriptor>();

  constructor(files: readonly FileDescriptor[]) {
    this.files = files;
    for (const file of files) this.#add(file, file);
  }

  /** Throws a TypeError for an unknown type. */
  message(fullName: string): MessageDescriptor {
    return found(this.#messages.get(fullName), fullName);
  }

  /** Throws a TypeError for an unknown type. */
  enum(fullName: string): EnumDescriptor {
    return found(this.#enums.get(fullName), fullName);
  }

  /** The file that defines a type. Throws a TypeError for an unknown type. */
  fileOf(fullName: string): FileDescriptor {
    return found(this.#files.get(fullName), fullName);
  }

  has(fullName: string): boolean {
    return this.#files.has(fullName);
  }

  #add(file: FileDescriptor, { messages, enums }: Pick<MessageDescriptor, 'messages' | 'enums'>): void {
    for (const each of [...messages, ...enums]) this.#files.set(each.fullName, file);
    for (const each of enums) this.#enums.set(each.fullName, each);
    for (const each of messages) {
      this.#messages.set(each.fullName, each);
      this.#add(file, each);
    }
  }
}

function found<T>(type: T | undefined, fullName: string): T {
  if (type === undefined) throw new TypeError(`The descriptor set does not define ${fullName}.`);
  return type;
}

/** Throws `UnreadableMessageError` for a malformed descriptor set or a missing message. */
export function typesOf({ descriptorSet, requestMessage, responseMessage }: Contract): TypeIndex {
  try {
    const index = new TypeIndex(readDescriptorSet(descriptorSet));
    index.message(requestMessage);
    index.message(responseMessage);
    return index;
  } catch (cause) {
    throw new UnreadableMessageError(`The descriptor set does not define ${requestMessage} and ${responseMessage}.`, {
      cause,
    });
  }
}
