/** Stands in for `EmbeddedSystem` in tests that use only HTTP: a deployed system that outlives the test. */
export class EmbeddedSystem implements AsyncDisposable {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  static async start(): Promise<EmbeddedSystem> {
    const url = process.env.MODELYARD_E2E_URL;
    if (!url) throw new Error('MODELYARD_E2E_URL does not say where the deployed system is: use npm run e2e:cloud.');
    return new EmbeddedSystem(url);
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
