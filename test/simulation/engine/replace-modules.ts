import { registerHooks } from 'node:module';

const REPLACED: Readonly<Record<string, string>> = {
  'node:timers/promises': new URL('./timers-promises.ts', import.meta.url).href,
};

/** Modules that are loaded from now on get timers that a simulation can replace. */
export function replaceModules(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const url = REPLACED[specifier];
      // Libraries have real work to do.
      if (url === undefined || context.parentURL?.includes('/node_modules/')) return nextResolve(specifier, context);
      return { url, format: 'module-typescript', shortCircuit: true };
    },
  });
}
