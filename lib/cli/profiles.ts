import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** A login. */
export interface Profile {
  readonly url?: string;
  readonly token?: string;
}

/** Logins by name, in a file that only its owner reads. */
export class Profiles {
  readonly path: string;

  constructor({ XDG_CONFIG_HOME, HOME = homedir() }: NodeJS.ProcessEnv) {
    this.path = join(XDG_CONFIG_HOME ?? join(HOME, '.config'), 'modelyard', 'profiles.json');
  }

  /** Undefined for one that was never kept. */
  async get(name: string): Promise<Profile | undefined> {
    return (await this.#read())[name];
  }

  /** Replaces a profile; undefined removes it. */
  async set(name: string, profile: Profile | undefined): Promise<void> {
    const { [name]: _, ...others } = await this.#read();
    const next = profile ? { ...others, [name]: profile } : others;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await writeFile(this.path, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 });
    // The mode above is for a new file only.
    await chmod(this.path, 0o600);
  }

  async #read(): Promise<Readonly<Record<string, Profile>>> {
    const text = await readFile(this.path, 'utf8').catch(() => '{}');
    try {
      return JSON.parse(text) as Readonly<Record<string, Profile>>;
    } catch {
      throw new Error(`${this.path} is not JSON: mend or delete it.`);
    }
  }
}
