/** The JSON Schema of a message, with few keywords. */
export interface Schema {
  readonly $ref: string;
  readonly $defs: Readonly<Record<string, SchemaPart>>;
}

export interface SchemaPart {
  readonly [keyword: string]: unknown;
}

export interface ModelSchemas {
  readonly model: string;
  readonly request: Schema;
  readonly response: Schema;
}

/** The name of a message in `$defs`. */
export const messageIn = (ref: string): string => ref.slice('#/$defs/'.length);

/** The fields of an object in two groups, by whether they are always there. */
export function fieldsOf({ properties, required }: SchemaPart) {
  const all = Object.entries((properties ?? {}) as Schema['$defs']);
  const isRequired = ([name]: readonly [string, SchemaPart]) => Array.isArray(required) && required.includes(name);
  return { all, required: all.filter(isRequired), optional: all.filter((field) => !isRequired(field)), isRequired };
}
