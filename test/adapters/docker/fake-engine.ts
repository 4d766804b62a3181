import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

export interface FakeContainer {
  readonly Id: string;
  readonly Name: string;
  State: string;
  readonly Config: Record<string, unknown> & { readonly Image: string; readonly Labels: Record<string, string> };
  readonly HostConfig: Record<string, unknown>;
  readonly Networks: Record<string, { readonly Aliases: readonly string[] }>;
  /** What it has written, oldest first. */
  readonly log?: readonly { readonly at: string; readonly text: string; readonly stream?: 'stderr' }[];
}

type CreateBody = FakeContainer['Config'] & {
  readonly HostConfig: FakeContainer['HostConfig'];
  readonly NetworkingConfig: { readonly EndpointsConfig: FakeContainer['Networks'] };
};

/** As much of a Docker engine as instance control asks for, behind a socket file, with containers of no substance. */
export class FakeEngine implements AsyncDisposable {
  readonly containers: FakeContainer[] = [];
  /** Resolves to let containers that are being stopped end. */
  readonly drained = Promise.withResolvers<void>();
  readonly stops: { readonly id: string; readonly seconds: string | null }[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #folder = '';

  static async start(): Promise<FakeEngine> {
    const engine = new FakeEngine();
    engine.#folder = await mkdtemp(join(tmpdir(), 'modelyard-engine-'));
    engine.#server.listen(engine.socketPath);
    await once(engine.#server, 'listening');
    return engine;
  }

  get socketPath(): string {
    return join(this.#folder, 'engine.sock');
  }

  /** A container as compose would have made it. */
  add(labels: Record<string, string>, more: Partial<FakeContainer> = {}): FakeContainer {
    const Id = randomBytes(32).toString('hex');
    const Name = `/made-${this.containers.length}`;
    const container: FakeContainer = {
      Id,
      Name,
      State: 'running',
      Config: { Image: 'modelyard/model-a:local', Hostname: Id.slice(0, 12), Env: ['PLATFORM=memory'], Labels: labels },
      HostConfig: { Memory: 512, NetworkMode: 'yard', RestartPolicy: { Name: 'on-failure' } },
      Networks: { yard: { Aliases: [Id.slice(0, 12), 'models', Name.slice(1)] } },
      ...more,
    };
    this.containers.push(container);
    return container;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drained.resolve();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
    const [, id = '', action = ''] = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(pathname) ?? [];
    if (id === 'json') return send(response, 200, this.#list(searchParams));
    if (id === 'create') return send(response, 201, this.#create(searchParams, await json(request)));
    const container = this.containers.find(({ Id }) => Id === id);
    if (!container) return send(response, 404, { message: `No such container: ${id}` });
    if (request.method === 'DELETE') this.containers.splice(this.containers.indexOf(container), 1);
    if (action === 'logs') return void response.end(framed(container, Number(searchParams.get('tail'))));
    if (action === 'json') return send(response, 200, inspected(container));
    if (action === 'start') container.State = 'running';
    if (action === 'stop') {
      if (container.State !== 'running') return send(response, 304, undefined);
      this.stops.push({ id, seconds: searchParams.get('t') });
      await this.drained.promise;
      container.State = 'exited';
    }
    send(response, 204, undefined);
  }

  #list(query: URLSearchParams): unknown {
    const { label = [], status } = JSON.parse(query.get('filters') ?? '{}') as Record<string, string[] | undefined>;
    return this.containers
      .filter(({ Config }) => (label ?? []).every((pair) => pair === withKey(pair, Config.Labels)))
      .filter(({ State }) => status === undefined || status.includes(State))
      .map(({ Id, Name, State, Config }) => ({
        Id,
        Names: [Name],
        State,
        Image: Config.Image,
        Labels: Config.Labels,
      }));
  }

  #create(query: URLSearchParams, body: unknown): unknown {
    const { HostConfig, NetworkingConfig, ...Config } = body as CreateBody;
    const Name = `/${query.get('name')}`;
    const { Id } = this.add(Config.Labels, {
      Name,
      State: 'created',
      Config,
      HostConfig,
      Networks: NetworkingConfig.EndpointsConfig,
    });
    return { Id };
  }
}

const withKey = (pair: string, labels: Record<string, string>): string => {
  const [key = ''] = pair.split('=');
  return `${key}=${labels[key]}`;
};

/** As the engine sends the last lines of a container: long lines in several frames. */
function framed({ log = [] }: FakeContainer, tail: number): Buffer {
  const frames = log.slice(-tail).flatMap(({ at, text, stream }) => {
    const line = Buffer.from(`${at} ${text}\n`);
    const parts = [line.subarray(0, 40), line.subarray(40)].filter(({ byteLength }) => byteLength > 0);
    return parts.map((part) => {
      const header = Buffer.alloc(8);
      header[0] = stream === 'stderr' ? 2 : 1;
      header.writeUInt32BE(part.byteLength, 4);
      return Buffer.concat([header, part]);
    });
  });
  return Buffer.concat(frames);
}

const inspected = ({ Id, Name, Config, HostConfig, Networks }: FakeContainer) => ({
  Id,
  Name,
  Config,
  HostConfig,
  NetworkSettings: { Networks },
});

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json' })
    .end(body === undefined ? '' : JSON.stringify(body));
}
