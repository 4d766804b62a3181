import fc from 'fast-check';
import { type Field, SCALARS, type Schema } from './schema.ts';

/** A change to a schema; gives undefined where there is nothing to change in this way. */
export type Edit = (schema: Schema, pick: number) => Schema | undefined;

const FRESH = 100;
const SHAPES = ['single', 'optional', 'repeated', 'map', 'choice'] as const;

const at = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(list.length, 1)];

const changeRoot = (
  schema: Schema,
  pick: number,
  eligible: (field: Field) => boolean,
  change: (field: Field) => Field | undefined,
): Schema | undefined => {
  const field = at(schema.root.filter(eligible), pick);
  if (!field) return undefined;
  return { ...schema, root: schema.root.flatMap((each) => (each === field ? (change(each) ?? []) : each)) };
};

const anyField = () => true;
const isMessage = ({ type }: Field) => type === 'Child' || type === 'Root';

/** A number that none of these has. */
const freshAmong = (numbered: readonly { readonly number: number }[]): number =>
  Math.max(FRESH, ...numbered.map(({ number }) => number)) + 1;

const fresh = (schema: Schema): number => freshAmong(schema.root);

/** Changes after which the old bytes can be read and written again without loss. */
export const COMPATIBLE: Readonly<Record<string, Edit>> = {
  'adds a field': (schema, pick) => ({
    ...schema,
    root: [
      ...schema.root,
      {
        name: `new_${fresh(schema)}`,
        number: fresh(schema),
        type: at([...SCALARS, 'Child', 'Root', 'Kind'] as const, pick) ?? 'bool',
        shape: at(SHAPES, pick) ?? 'single',
      },
    ],
  }),
  'adds a field inside': (schema, pick) => ({
    ...schema,
    child: [
      ...schema.child,
      {
        name: `new_inside_${freshAmong(schema.child)}`,
        number: freshAmong(schema.child),
        type: at(['Kind', 'int32', 'string', 'Child'] as const, pick) ?? 'Kind',
        shape: at(SHAPES, pick) ?? 'repeated',
      },
    ],
  }),
  'learns presence': (schema, pick) =>
    changeRoot(
      schema,
      pick,
      ({ shape }) => shape === 'single',
      (field) => ({ ...field, shape: 'optional' }),
    ),
  'adds an enum value': (schema) => ({
    ...schema,
    kind: [...schema.kind, { name: `KIND_NEW_${freshAmong(schema.kind)}`, number: freshAmong(schema.kind) }],
  }),
  'renames a type': (schema) => ({ ...schema, childName: 'Renamed' }),
  'renames the oneof': (schema) => ({ ...schema, oneofName: 'renamed_choice' }),
  'reorders its fields': (schema) => ({ ...schema, root: [...schema.root].reverse() }),
};

/** Changes that nobody may make to a contract in use. Each concerns a field of the root, or the enum. */
export const INCOMPATIBLE: Readonly<Record<string, Edit>> = {
  'removes a field': (schema, pick) => changeRoot(schema, pick, anyField, () => undefined),
  'renames a field': (schema, pick) =>
    changeRoot(schema, pick, anyField, (field) => ({ ...field, name: `renamed_${field.number}` })),
  'renumbers a field': (schema, pick) =>
    changeRoot(schema, pick, anyField, (field) => ({ ...field, number: fresh(schema) })),
  'changes a type': (schema, pick) =>
    changeRoot(schema, pick, anyField, (field) => ({ ...field, type: field.type === 'string' ? 'int32' : 'string' })),
  'makes a field repeated': (schema, pick) =>
    changeRoot(
      schema,
      pick,
      ({ shape }) => shape !== 'repeated',
      (field) => ({ ...field, shape: 'repeated' }),
    ),
  'makes a repeated field single': (schema, pick) =>
    changeRoot(
      schema,
      pick,
      ({ shape }) => shape === 'repeated' || shape === 'map',
      (field) => ({ ...field, shape: 'single' }),
    ),
  'forgets presence': (schema, pick) =>
    changeRoot(
      schema,
      pick,
      (field) => field.shape === 'optional' && !isMessage(field),
      (field) => ({ ...field, shape: 'single' }),
    ),
  'moves a field into the oneof': (schema, pick) =>
    changeRoot(
      schema,
      pick,
      ({ shape }) => shape === 'single' || shape === 'optional',
      (field) => ({ ...field, shape: 'choice' }),
    ),
  'moves a field out of the oneof': (schema, pick) =>
    changeRoot(
      schema,
      pick,
      ({ shape }) => shape === 'choice',
      (field) => ({ ...field, shape: 'optional' }),
    ),
  'swaps two names': (schema) => {
    const [first, second, ...rest] = schema.root;
    if (!first || !second) return undefined;
    return { ...schema, root: [{ ...first, name: second.name }, { ...second, name: first.name }, ...rest] };
  },
  'removes an enum value': (schema, pick) => ({
    ...schema,
    root: [...schema.root],
    kind: schema.kind.filter((_value, i) => i !== 1 + (pick % (schema.kind.length - 1))),
  }),
  'renames an enum value': (schema, pick) => ({
    ...schema,
    kind: schema.kind.map((value, i) =>
      i === pick % schema.kind.length ? { ...value, name: `RENAMED_${value.number}` } : value,
    ),
  }),
  'renumbers an enum value': (schema, pick) => ({
    ...schema,
    kind: schema.kind.map((value, i) =>
      i === 1 + (pick % (schema.kind.length - 1)) ? { ...value, number: value.number + 50 } : value,
    ),
  }),
};

/** Some edits, one after the other. */
export const someOf = (edits: Readonly<Record<string, Edit>>): fc.Arbitrary<(schema: Schema) => Schema> =>
  fc.array(fc.tuple(fc.constantFrom(...Object.keys(edits)), fc.nat()), { maxLength: 4 }).map(
    (list) =>
      function applyEdits(schema) {
        return list.reduce((edited, [name, pick]) => edits[name]?.(edited, pick) ?? edited, schema);
      },
  );
