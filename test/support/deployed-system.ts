import { behindPrefix } from './stage-prefix.ts';

/** Stands in for `EmbeddedSystem` in tests that use only HTTP: a deployed system that outlives the test. */
export class EmbeddedSystem implements AsyncDisposable {
  readonly url: string;
  readonly #front: AsyncDisposable | undefined;

  constructor(url: string, front?: AsyncDisposable) {
    this.url = url;
    this.#front = front;
  }

  /** Tests written for a system without logins send the API key of an administrator with every request. */
  static async start(): Promise<EmbeddedSystem> {
    const { MODELYARD_E2E_URL: url, MODELYARD_E2E_KEY: key } = process.env;
    if (!url || !key) throw new Error('MODELYARD_E2E_URL says where the deployed system is: use npm run e2e:cloud.');
    const authorized = await behindPrefix(url, '', { authorization: `Bearer ${key}` });
    return new EmbeddedSystem(authorized.url, authorized);
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#front?.[Symbol.asyncDispose]();
  }
}
