import { type Json, referencesIn } from './references.ts';

type Components = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const PREFIX = '#/components/';

/** The components that the document references, directly or indirectly. */
export function usedComponents(document: Json, components: Components): Components {
  const used = new Set<string>();
  const pending = [...referencesIn(document)];
  for (let reference = pending.pop(); reference !== undefined; reference = pending.pop()) {
    if (used.has(reference)) continue;
    used.add(reference);
    const [kind = '', name = ''] = reference.slice(PREFIX.length).split('/');
    pending.push(...referencesIn(components[kind]?.[name]));
  }
  const kept = Object.entries(components).map(([kind, all]) => [
    kind,
    Object.fromEntries(Object.entries(all).filter(([name]) => used.has(`${PREFIX}${kind}/${name}`))),
  ]);
  return Object.fromEntries(kept);
}
