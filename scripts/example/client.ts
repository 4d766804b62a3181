/** A refusal of the API. */
export class Refused extends Error {
  readonly status: number;
  readonly reasons: readonly string[];

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? `The API answered ${status}.`);
    this.status = status;
    this.reasons = (problem.errors ?? []).map(({ message }) => message);
  }
}

interface Problem {
  readonly detail?: string;
  readonly errors?: readonly { readonly message: string }[];
}

/** Calls the API at a URL. Rejects with `Refused` for every answer above 299. */
export class ExampleClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  get<T>(path: string): Promise<T> {
    return this.#call(path, {});
  }

  send<T>(method: 'POST' | 'PUT', path: string, body: unknown): Promise<T> {
    const headers = { 'Content-Type': 'application/json' };
    return this.#call(path, { method, headers, body: JSON.stringify(body) });
  }

  upload<T>(path: string, csv: string): Promise<T> {
    return this.#call(path, { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: csv });
  }

  async #call<T>(path: string, init: RequestInit): Promise<T> {
    const response = await fetch(`${this.url}${path}`, init);
    const answer: unknown = await response.json();
    if (response.ok) return answer as T;
    throw new Refused(response.status, answer as Problem);
  }
}
