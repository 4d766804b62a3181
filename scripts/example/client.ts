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

const LONGEST_WAIT_SECONDS = 25;

interface Queued {
  readonly id: string;
  readonly state: string;
  readonly error: { readonly message: string } | null;
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

  /** Waits for the version as long as its task runs. */
  async upload<T>(path: string, csv: string): Promise<T> {
    const headers = { 'Content-Type': 'text/csv', Prefer: `wait=${LONGEST_WAIT_SECONDS}` };
    for (;;) {
      const answer = await this.#call<T & Partial<Queued>>(path, { method: 'POST', headers, body: csv });
      if (answer.state !== 'queued' && answer.state !== 'running') return answer;
      await this.#untilEnded(answer.id ?? '');
      // The same content is the version that the task has made.
    }
  }

  async #untilEnded(id: string): Promise<void> {
    const headers = { Prefer: `wait=${LONGEST_WAIT_SECONDS}` };
    for (;;) {
      const { state = '', error } = await this.#call<Queued>(`/tasks/${id}`, { headers });
      if (state === 'succeeded') return;
      if (state !== 'queued' && state !== 'running') throw new Error(`The task ${id} is ${state}: ${error?.message}`);
    }
  }

  async #call<T>(path: string, init: RequestInit): Promise<T> {
    const response = await fetch(`${this.url}${path}`, init);
    const answer: unknown = await response.json();
    if (response.ok) return answer as T;
    throw new Refused(response.status, answer as Problem);
  }
}
