import { type ComponentType, lazy } from 'react';
import { send } from './api.ts';

interface Module<Props> {
  readonly default: ComponentType<Props>;
}

const RETRY_MS = 2_000;
/** Not sooner, so that files that are missing for good do not load the page again and again. */
const RELOAD_AGAIN_MS = 60_000;
const RELOADED = 'modelyard.reloaded';

/** A component whose code is loaded when it is shown first, also after an API that was away, and after an upgrade. */
export const later = <Props>(load: () => Promise<Module<Props>>) => lazy(() => loaded(load));

async function loaded<Props>(load: () => Promise<Module<Props>>): Promise<Module<Props>> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      // Recovery: the API is away, or has files of another version. A page that is loaded anew names those.
      if (await answers()) {
        if (Number(sessionStorage.getItem(RELOADED)) > Date.now() - RELOAD_AGAIN_MS) throw error;
        sessionStorage.setItem(RELOADED, String(Date.now()));
        location.reload();
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const answers = (): Promise<boolean> =>
  send('/healthz').then(
    () => true,
    () => false,
  );
