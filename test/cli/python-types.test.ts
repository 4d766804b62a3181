import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pythonTypes } from '../../lib/cli/types/python.ts';

const PACKAGE = fileURLToPath(new URL('../../model-containers/python', import.meta.url));

const reference = (name: string) => ({ $ref: `#/$defs/${name}` });
const object = (properties: object, required: readonly string[] = []) => ({ type: 'object', properties, required });
const schema = (root: string, $defs: Record<string, object>) => ({ ...reference(root), $defs: $defs as never });

/** A message that contains itself, a field that is a keyword, and the message `Part` of both sides and models. */
const FOREST = {
  model: 'forest@2',
  request: schema('trees.Tree', {
    'trees.Tree': object({
      class: { type: 'string' },
      children: { type: 'array', items: reference('trees.Tree') },
      part: reference('trees.Part'),
      value: reference('google.protobuf.Value'),
    }),
    'trees.Part': object({ size: { anyOf: [{ type: 'number' }, { type: 'string', enum: ['NaN'] }] } }),
    'google.protobuf.Value': {
      anyOf: [{ type: 'null' }, { type: 'array', items: reference('google.protobuf.Value') }],
    },
  }),
  response: schema('trees.Answer', {
    'trees.Answer': object(
      {
        kind: { enum: ['OAK', true, 3] },
        counts: { type: 'object', additionalProperties: { type: ['integer', 'null'] } },
        part: reference('trees.Part'),
      },
      ['kind', 'counts'],
    ),
    'trees.Part': object({ size: { type: 'number' } }, ['size']),
  }),
};
const OTHER = {
  model: 'other',
  request: schema('o.Part', { 'o.Part': object({}) }),
  response: schema('o.Any', { 'o.Any': object({ anything: {} }, ['anything']) }),
};

/** What Python makes of an expression after the module. */
const inPython = (module: string, expression: string): unknown =>
  JSON.parse(
    execFileSync('python3', ['-c', `${module}\nimport json\nprint(json.dumps(${expression}))`], {
      env: { ...process.env, PYTHONPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
    }),
  );

describe('types for Python', () => {
  it('are classes with names of their own, which Python can load', () => {
    const module = pythonTypes([FOREST, OTHER]);
    const classes = ['Tree', 'Part', 'Answer', 'PartOutput', 'OtherPart', 'OtherAny'];
    const keys = classes.map((name) => `[sorted(${name}.__required_keys__), sorted(${name}.__optional_keys__)]`);

    expect(inPython(module, `[${keys}]`)).toEqual([
      [[], ['children', 'class', 'part', 'value']],
      [[], ['size']],
      [['counts', 'kind'], ['part']],
      [['size'], []],
      [[], []],
      [['anything'], []],
    ]);
    expect(inPython(module, 'issubclass(Client, AnyClient)')).toBe(true);
    expect(module).toContain(`"children": 'Sequence[Tree]',`);
    expect(module).toContain(`"size": 'float | Literal["NaN"]',`);
    expect(module).toContain(`"kind": 'Literal["OAK", True, 3]',`);
    expect(module).toContain(`"counts": 'dict[str, int | None]',`);
    expect(module).toContain(`"anything": 'Any',`);
    expect(module).toContain("Value: TypeAlias = 'None | Sequence[Value]'");
  });

  it('overload the methods for several models, and are plain methods for one', () => {
    const two = pythonTypes([FOREST, OTHER]);
    const one = pythonTypes([FOREST]);

    expect(two).toContain(
      '    @overload\n    def predict(self, model: Literal["other"], request: OtherPart, **options: Any) -> OtherAny: ...',
    );
    expect(one).not.toContain('@overload');
    expect(one).toContain('def submit(self, model: Literal["forest@2"], request: Tree, **options: Any) -> Task:');
    expect(inPython(one, 'callable(Client().batch)')).toBe(true);
    expect(inPython(pythonTypes([]), 'callable(Client().predict)')).toBe(true);
  });
});
